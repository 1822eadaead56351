// SPDX-License-Identifier: Apache-2.0
// What every model can do with the list of its parts.
#include "xlt/models/weighted_model.h"

#include "models/load_weights.h"  // name_in_wrapped
#include "models/part_visitor.h"

#include <ATen/core/grad_mode.h>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/json.h"
#include "xlt/checkpoint/safetensors.h"
#include "xlt/ops/matmul/gguf.h"
#include "xlt/ops/scalar_type.h"

namespace xlt {

namespace {

struct ParameterList : PartVisitor {
  std::vector<NamedParameter> parameters;
  void tensor(const std::string& name, at::Tensor& tensor, TensorRole role) override {
    parameters.push_back({name, &tensor, role});
  }
  void linear(const std::string& name, Linear& linear, StoredAs layout) override {
    linear.visit_parameters([&](const char* part, at::Tensor& tensor) {
      const bool is_matrix = tensor.dim() > 1;  // blocks have three
      parameters.push_back({str_cat(name, ".", part), &tensor,
                            is_matrix ? TensorRole::kMatrix : TensorRole::kBias,
                            is_matrix && layout == StoredAs::kInOut});
    });
  }
};

struct LinearList : PartVisitor {
  std::vector<NamedLinear> linears;
  void tensor(const std::string&, at::Tensor&, TensorRole) override {}
  void linear(const std::string& name, Linear& linear, StoredAs) override {
    linears.push_back({name, &linear});
  }
};

}  // namespace

std::vector<NamedParameter> WeightedModel::parameters() {
  ParameterList list;
  visit(list);
  return std::move(list.parameters);
}

std::vector<NamedLinear> WeightedModel::linears() {
  LinearList list;
  visit(list);
  return std::move(list.linears);
}

int64_t WeightedModel::num_parameters() {
  int64_t count = 0;
  for (const NamedParameter& parameter : parameters())
    count += ops::is_gguf(*parameter.tensor) ? parameter.tensor->size(0) * ops::columns_of(*parameter.tensor)
                                             : parameter.tensor->numel();
  for (const NamedLinear& named : linears())
    if (named.linear->is_quantized()) count += named.linear->out_features() * named.linear->in_features();
  return count;
}

void WeightedModel::update_config(Json&) const {}
bool WeightedModel::ignores(const std::string&) const { return false; }

void train_all_weights(WeightedModel& model) {
  const at::NoGradGuard no_grad;
  const at::ScalarType dtype = scalar_type(model.placement().dtype);
  for (const NamedParameter& parameter : model.parameters()) {
    *parameter.tensor = parameter.tensor->to(dtype, /*non_blocking=*/false, /*copy=*/true);
    parameter.tensor->set_requires_grad(true);
  }
}

void save_model(WeightedModel& model, const Json& config_source, const fs::path& folder) {
  make_folders(folder);
  const DType dtype = model.placement().dtype;
  std::vector<std::pair<std::string, at::Tensor>> tensors;
  for (const NamedLinear& named : model.linears())
    if (named.linear->is_quantized())
      throw Error(ErrorKind::kUnsupported,
                  str_cat("the weight of ", named.name,
                          " is quantised and cannot be saved; save the adapter, or "
                          "merge it into the model as it was before"),
                  folder.string());
  for (const NamedParameter& parameter : model.parameters()) {
    const at::Tensor tensor = parameter.tensor->detach().to(scalar_type(dtype));
    // The language model of a wrapper is saved as the model it is (Decoder::update_config).
    tensors.emplace_back(name_in_wrapped(parameter.name).value_or(parameter.name),
                         parameter.transposed ? tensor.t() : tensor);
  }
  Json config = config_source;
  model.update_config(config);
  config.erase("torch_dtype");
  config["dtype"] = name_of(dtype);
  save_safetensors(folder / "model.safetensors", tensors, {{"format", "pt"}});
  write_file(folder / "config.json", dump_json(config, 2) + "\n");
}

}  // namespace xlt
