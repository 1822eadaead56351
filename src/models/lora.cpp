// SPDX-License-Identifier: Apache-2.0
// Adapters on a model: attach, load, save, switch, merge.
#include "xlt/models/lora.h"

#include "models/load_weights.h"  // name_in_wrapped

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
#include "xlt/nn/lora_adapter.h"
#include "xlt/ops/scalar_type.h"

namespace xlt {

namespace {

std::string last_component(const std::string& module) { return module.substr(module.rfind('.') + 1); }

// The rank and factors of whatever adapter the model carries.
AdapterConfig config_of(WeightedModel& model) {
  AdapterConfig config;
  std::set<std::string> targets;
  for (const NamedParameter& parameter : model.parameters())
    config.fan_in_fan_out = config.fan_in_fan_out || parameter.transposed;
  for (const NamedLinear& named : model.linears()) {
    if (lora_of(*named.linear) == nullptr) continue;
    const LoraAdapter& lora = *lora_of(*named.linear);
    config.r = lora.a.size(0);
    config.lora_alpha = lora.scale * static_cast<double>(config.r);
    config.lora_dropout = lora.dropout;
    targets.insert(last_component(named.name));
  }
  config.target_modules.assign(targets.begin(), targets.end());
  return config;
}

// The same for a wrapper's names, of either spelling, and for those of the model inside.
std::string own_name(const std::string& module) { return name_in_wrapped(module).value_or(module); }

// Where one module is of the language model in a wrapper, those that are not are of its other parts (PEFT's
// "all-linear" takes the vision tower's, too), which a text does not pass through.
bool is_of_wrapper(const Adapter& adapter) {
  return std::any_of(adapter.modules.begin(), adapter.modules.end(),
                     [](const auto& module) { return name_in_wrapped(module.first).has_value(); });
}

void attach(const NamedLinear& named, at::Tensor a, at::Tensor b, double scale, double dropout) {
  a.set_requires_grad(true);
  b.set_requires_grad(true);
  auto lora = std::make_unique<LoraAdapter>(std::move(a), std::move(b), scale);
  lora->dropout = dropout;
  lora->module = hash64(named.name);
  named.linear->attach(std::move(lora));
}

}  // namespace

void attach_lora(WeightedModel& model, const LoraOptions& options, Rng rng) {
  for (const NamedLinear& named : model.linears()) {
    const int64_t in = named.linear->in_features(), out = named.linear->out_features();
    at::Tensor a = at::empty({options.r, in}, at::kFloat);
    // Kaiming-uniform with a = √5 is uniform on ±1/√in.
    const double bound = 1.0 / std::sqrt(static_cast<double>(in));
    Rng stream = rng.fork(named.name);
    float* data = a.mutable_data_ptr<float>();
    for (int64_t i = 0; i < a.numel(); ++i) data[i] = static_cast<float>((2 * stream.uniform() - 1) * bound);
    a = a.to(named.linear->device());
    attach(named, a, at::zeros({out, options.r}, a.options()), options.alpha / static_cast<double>(options.r),
           options.dropout);
  }
}

void load_lora(WeightedModel& model, const std::filesystem::path& folder) {
  const Adapter adapter = load_adapter(folder);
  const bool of_wrapper = is_of_wrapper(adapter);
  auto linears = model.linears();
  for (const auto& [module, pair] : adapter.modules) {
    if (of_wrapper && !name_in_wrapped(module) && last_component(module) != "lm_head") continue;
    const auto found = std::find_if(linears.begin(), linears.end(), [&](const NamedLinear& x) {
      return own_name(x.name) == own_name(module);
    });
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
    const int64_t in = found->linear->in_features(), out = found->linear->out_features();
    if (pair.a.dim() != 2 || pair.b.dim() != 2 || pair.a.size(1) != in || pair.b.size(0) != out ||
        pair.b.size(1) != pair.a.size(0))
      throw Error(ErrorKind::kCheckpoint,
                  str_cat("adapter of ", module, " has shapes ", pair.a.sizes(), " and ", pair.b.sizes(),
                          "; the weight is [", out, ", ", in, "]: give the model that it was trained on"),
                  folder.string());
    const auto options = at::TensorOptions().dtype(at::kFloat).device(found->linear->device());
    attach(*found, pair.a.to(options).clone(), pair.b.to(options).clone(), adapter.config.scale(),
           adapter.config.lora_dropout);
  }
}

void save_lora(WeightedModel& model, const std::filesystem::path& folder, const std::string& base_model) {
  Adapter adapter;
  adapter.config = config_of(model);
  adapter.config.base_model_name_or_path = base_model;
  for (const NamedLinear& named : model.linears())
    if (const LoraAdapter* lora = lora_of(*named.linear))
      adapter.modules[named.name] = {lora->a.detach(), lora->b.detach()};
  save_adapter(folder, adapter);
}

void set_lora_enabled(WeightedModel& model, bool enabled) {
  for (const NamedLinear& named : model.linears()) named.linear->set_adapter_enabled(enabled);
}

std::vector<std::pair<std::string, double>> merge_lora(WeightedModel& model) {
  std::vector<std::pair<std::string, double>> errors;
  for (const NamedLinear& named : model.linears())
    if (named.linear->adapter() != nullptr)
      errors.emplace_back(named.name, named.linear->merge_adapter(scalar_type(model.placement().dtype)));
  return errors;
}

}  // namespace xlt
