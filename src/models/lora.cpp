// SPDX-License-Identifier: Apache-2.0
// Adapters on a model: attach, load, save, switch, merge.
#include "xlt/models/lora.h"

#include <algorithm>
#include <cmath>
#include <set>

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/abs.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/max.h>
#include <ATen/ops/sub.h>
#include <ATen/ops/zeros.h>

#include "xlt/base/error.h"
#include "xlt/checkpoint/adapter.h"
#include "xlt/nn/linear.h"
#include "xlt/ops/scalar_type.h"

namespace xlt {

namespace {

std::string last_component(const std::string& module) { return module.substr(module.rfind('.') + 1); }

// The rank and factors of whatever adapter the model carries.
AdapterConfig config_of(WeightedModel& model) {
  AdapterConfig config;
  std::set<std::string> targets;
  for (const NamedLinear& named : model.linears()) {
    if (!named.linear->adapter()) continue;
    const LoraAdapter& lora = *named.linear->adapter();
    config.r = lora.a.size(0);
    config.lora_alpha = lora.scale * static_cast<double>(config.r);
    config.lora_dropout = lora.dropout;
    targets.insert(last_component(named.name));
  }
  config.target_modules.assign(targets.begin(), targets.end());
  return config;
}

}  // namespace

void attach_lora(WeightedModel& model, const LoraOptions& options, Rng rng) {
  for (const NamedLinear& named : model.linears()) {
    const at::Tensor& weight = named.linear->weight();
    const int64_t in = weight.size(1), out = weight.size(0);
    at::Tensor a = at::empty({options.r, in}, at::kFloat);
    // Kaiming-uniform with a = √5 is uniform on ±1/√in.
    const double bound = 1.0 / std::sqrt(static_cast<double>(in));
    Rng stream = rng.fork(named.name);
    float* data = a.mutable_data_ptr<float>();
    for (int64_t i = 0; i < a.numel(); ++i) data[i] = static_cast<float>((2 * stream.uniform() - 1) * bound);
    a = a.to(weight.device());
    at::Tensor b = at::zeros({out, options.r}, a.options());
    a.set_requires_grad(true);
    b.set_requires_grad(true);
    named.linear->adapter() =
        LoraAdapter{a, b, options.alpha / static_cast<double>(options.r), options.dropout};
  }
}

void load_lora(WeightedModel& model, const std::filesystem::path& folder) {
  const Adapter adapter = load_adapter(folder);
  auto linears = model.linears();
  for (const auto& [module, pair] : adapter.modules) {
    const auto found =
        std::find_if(linears.begin(), linears.end(), [&](const NamedLinear& x) { return x.name == module; });
    if (found == linears.end() && last_component(module) == "lm_head")
      throw Error(
          ErrorKind::kCheckpoint,
          str_cat("the adapter changes the output head (", module,
                  "), which is not supported; train it without lm_head in target_modules, or merge it "
                  "with PEFT and give the merged model"),
          folder.string());
    if (found == linears.end())
      throw Error(ErrorKind::kCheckpoint,
                  str_cat("the adapter is of a module \"", module,
                          "\", which this model does not have; give the model that it was trained on"),
                  folder.string());
    const at::Tensor& weight = found->linear->weight();
    const int64_t r = pair.a.size(0);
    if (pair.a.dim() != 2 || pair.b.dim() != 2 || pair.a.size(1) != weight.size(1) ||
        pair.b.size(0) != weight.size(0) || pair.b.size(1) != r)
      throw Error(ErrorKind::kCheckpoint,
                  str_cat("adapter of ", module, " has shapes ", pair.a.sizes(), " and ", pair.b.sizes(),
                          "; the weight is ", weight.sizes(), ": give the model that it was trained on"),
                  folder.string());
    at::Tensor a = pair.a.to(at::TensorOptions().dtype(at::kFloat).device(weight.device())).clone();
    at::Tensor b = pair.b.to(a.options()).clone();
    a.set_requires_grad(true);
    b.set_requires_grad(true);
    found->linear->adapter() = LoraAdapter{a, b, adapter.config.scale(), adapter.config.lora_dropout};
  }
}

void save_lora(WeightedModel& model, const std::filesystem::path& folder, const std::string& base_model) {
  Adapter adapter;
  adapter.config = config_of(model);
  adapter.config.base_model_name_or_path = base_model;
  for (const NamedLinear& named : model.linears())
    if (const auto& lora = named.linear->adapter())
      adapter.modules[named.name] = {lora->a.detach(), lora->b.detach()};
  save_adapter(folder, adapter);
}

void set_lora_enabled(WeightedModel& model, bool enabled) {
  for (const NamedLinear& named : model.linears()) named.linear->set_adapter_enabled(enabled);
}

std::vector<std::pair<std::string, double>> merge_lora(WeightedModel& model) {
  const at::NoGradGuard no_grad;
  std::vector<std::pair<std::string, double>> errors;
  for (const NamedLinear& named : model.linears()) {
    if (!named.linear->adapter()) continue;
    const LoraAdapter& lora = *named.linear->adapter();
    at::Tensor& weight = named.linear->weight();
    at::Tensor exact = weight.to(at::kFloat).add(at::matmul(lora.b, lora.a), lora.scale);
    at::Tensor rounded = exact.to(scalar_type(model.placement().dtype));
    const double scale = exact.abs().max().item<double>();
    const double error = rounded.to(at::kFloat).sub(exact).abs().max().item<double>();
    errors.emplace_back(named.name, scale > 0 ? error / scale : 0.0);
    weight = rounded;
    named.linear->adapter().reset();
  }
  return errors;
}

}  // namespace xlt
