// SPDX-License-Identifier: Apache-2.0
#include "xlt/models/merge_nf4.h"

#include "models/load_weights.h"

#include <map>
#include <optional>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/abs.h>
#include <ATen/ops/max.h>
#include <ATen/ops/sub.h>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/json.h"
#include "xlt/checkpoint/bitsandbytes.h"
#include "xlt/checkpoint/safetensors.h"
#include "xlt/nn/linear.h"
#include "xlt/ops/scalar_type.h"

namespace xlt {

namespace {

double relative_error(const at::Tensor& rounded, const at::Tensor& exact) {
  const double largest = exact.abs().max().item<double>();
  return largest > 0 ? rounded.sub(exact).abs().max().item<double>() / largest : 0.0;
}

// Replaces the weight; returns the error.
double merge_into(ops::Nf4Weight& weight, const LinearAdapter& adapter) {
  const at::Tensor exact = adapter.merged(ops::nf4_dequantize(weight, weight.source).to(at::kFloat));
  weight = ops::nf4_quantize_double(exact);
  return relative_error(ops::nf4_dequantize(weight, at::kFloat), exact);
}

// The language model of a wrapper is saved as the model it is (Decoder::update_config).
std::string saved_name(const std::string& name) { return name_in_wrapped(name).value_or(name); }

}  // namespace

std::vector<std::pair<std::string, double>> save_merged_in_nf4(WeightedModel& model,
                                                               const WeightSource& weights,
                                                               const Json& config_source,
                                                               const std::filesystem::path& folder) {
  const at::NoGradGuard no_grad;
  const DType dtype = model.placement().dtype;
  std::map<std::string, NamedLinear> layers;  // by the name of the weight
  for (const NamedLinear& named : model.linears()) layers[named.name + ".weight"] = named;
  std::vector<std::pair<std::string, double>> errors;
  std::vector<std::pair<std::string, at::Tensor>> tensors;
  for (const NamedParameter& parameter : model.parameters()) {
    if (const auto layer = layers.find(parameter.name); layer != layers.end()) {
      const std::string stored = stored_name(weights, parameter.name);
      auto weight = weights.nf4(stored, lies_transposed(parameter, weights, stored));
      XLT_CHECK(weight.has_value(), "the weights hold ", stored, " in no 4 bits");
      if (const LinearAdapter* adapter = layer->second.linear->adapter())
        errors.emplace_back(layer->second.name, merge_into(*weight, *adapter));
      for (auto& part : bitsandbytes_tensors(saved_name(parameter.name), *weight))
        tensors.push_back(std::move(part));
    } else {
      tensors.emplace_back(saved_name(parameter.name), parameter.tensor->detach().to(scalar_type(dtype)));
    }
  }
  Json config = config_source;
  model.update_config(config);
  config.erase("torch_dtype");
  config["dtype"] = name_of(dtype);
  config["quantization_config"] = bitsandbytes_config(dtype);
  save_safetensors(folder / "model.safetensors", tensors, {{"format", "pt"}});
  write_file(folder / "config.json", dump_json(config, 2) + "\n");
  return errors;
}

}  // namespace xlt
