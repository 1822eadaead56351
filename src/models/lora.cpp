// SPDX-License-Identifier: Apache-2.0
// Adapters on a model: attach, load, save, switch, merge.
#include "xlt/models/lora.h"

#include "models/load_weights.h"  // name_in_wrapped

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include "xlt/base/error.h"
#include "xlt/checkpoint/adapter.h"
#include "xlt/models/lora_kinds.h"
#include "xlt/nn/dora_adapter.h"
#include "xlt/nn/linear.h"
#include "xlt/ops/scalar_type.h"

namespace xlt {

namespace {

std::string last_component(const std::string& module) { return module.substr(module.rfind('.') + 1); }

bool is_dora(const LoraAdapter& lora) { return dynamic_cast<const DoraAdapter*>(&lora) != nullptr; }

at::Tensor magnitude_of(const LoraAdapter& lora) {
  const auto* dora = dynamic_cast<const DoraAdapter*>(&lora);
  return dora ? dora->magnitude.detach() : at::Tensor();
}

double alpha_of(const LoraAdapter& lora) {
  const double rank = static_cast<double>(lora.a.size(0));
  if (!lora.use_rslora) return lora.scale * rank;
  // Where a whole number was divided by a root, it is meant again.
  const double alpha = lora.scale * std::sqrt(rank), whole = std::round(alpha);
  return std::abs(alpha - whole) < 1e-9 * std::abs(alpha) ? whole : alpha;
}

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
    config.use_rslora = lora.use_rslora;
    config.use_dora = is_dora(lora);
    config.lora_alpha = alpha_of(lora);
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

// `pair` on the layer's device; the adapter's own from here on.
void attach(const NamedLinear& named, const Adapter::Pair& pair, const AdapterConfig& config) {
  std::unique_ptr<LoraAdapter> lora;
  if (config.use_dora)
    lora = std::make_unique<DoraAdapter>(pair.a, pair.b, config.scale(), pair.magnitude);
  else
    lora = std::make_unique<LoraAdapter>(pair.a, pair.b, config.scale());
  lora->visit_tensors([](const char*, at::Tensor& tensor) { tensor.set_requires_grad(true); });
  lora->use_rslora = config.use_rslora;
  lora->dropout = config.lora_dropout;
  lora->module = hash64(named.name);
  named.linear->attach(std::move(lora));
}

// Throws where an adapter's tensors do not fit the layer.
void check_shapes(const std::string& module, const Adapter::Pair& pair, const Linear& linear,
                  const std::filesystem::path& folder) {
  const int64_t in = linear.in_features(), out = linear.out_features();
  const bool fits = pair.a.dim() == 2 && pair.b.dim() == 2 && pair.a.size(1) == in && pair.b.size(0) == out &&
                    pair.b.size(1) == pair.a.size(0) &&
                    (!pair.magnitude.defined() || pair.magnitude.sizes() == at::IntArrayRef{out});
  if (!fits)
    throw Error(ErrorKind::kCheckpoint,
                str_cat("adapter of ", module, " has shapes ", pair.a.sizes(), " and ", pair.b.sizes(),
                        "; the weight is [", out, ", ", in, "]: give the model that it was trained on"),
                folder.string());
}

// Both of scale 1: the sum of two products of low rank is one, of the sum of their ranks.
void add_lora(LoraAdapter& sum, const LoraAdapter& other) {
  sum.a = at::cat({sum.a, other.a}, 0);
  sum.b = at::cat({sum.b, other.b}, 1);
}

// [rows, columns] float32, uniform on ±bound.
at::Tensor uniform_within(double bound, int64_t rows, int64_t columns, Rng stream) {
  at::Tensor values = at::empty({rows, columns}, at::kFloat);
  std::vector<double> numbers(static_cast<size_t>(columns));
  float* data = values.mutable_data_ptr<float>();
  for (int64_t row = 0; row < rows; ++row, data += columns) {
    stream.uniforms(numbers);
    for (int64_t i = 0; i < columns; ++i) data[i] = static_cast<float>((2 * numbers[i] - 1) * bound);
  }
  return values;
}

Adapter::Pair copy_on(at::Device device, const Adapter::Pair& pair) {
  const auto options = at::TensorOptions().dtype(at::kFloat).device(device);
  const auto copy = [&](const at::Tensor& tensor) {
    return tensor.defined() ? tensor.to(options).clone() : tensor;
  };
  return {copy(pair.a), copy(pair.b), copy(pair.magnitude)};
}

}  // namespace

void attach_lora(WeightedModel& model, const LoraOptions& options, Rng rng) {
  attach_lora(model, options, LoraKind{}, rng);
}

void attach_lora(WeightedModel& model, const LoraOptions& options, const LoraKind& kind, Rng rng) {
  const AdapterConfig config{.r = options.r,
                             .lora_alpha = options.alpha,
                             .lora_dropout = options.dropout,
                             .use_rslora = kind.use_rslora,
                             .use_dora = kind.use_dora};
  for (const NamedLinear& named : model.linears()) {
    const int64_t in = named.linear->in_features(), out = named.linear->out_features();
    // Kaiming-uniform with a = √5 is uniform on ±1/√in.
    const at::Tensor a =
        uniform_within(1.0 / std::sqrt(static_cast<double>(in)), options.r, in, rng.fork(named.name))
            .to(named.linear->device());
    const at::Tensor magnitude =
        kind.use_dora ? row_lengths(named.linear->dense_weight(at::kFloat)) : at::Tensor();
    attach(named, {a, at::zeros({out, options.r}, a.options()), magnitude}, config);
  }
}

void load_lora(WeightedModel& model, const std::filesystem::path& folder) {
  const Adapter adapter = load_adapter(folder);
  const bool of_wrapper = is_of_wrapper(adapter);
  auto linears = model.linears();
  for (const auto& [module, pair] : adapter.modules) {
    if (of_wrapper && !name_in_wrapped(module) && last_component(module) != "lm_head") continue;
    const std::string own = own_name(module);
    const auto found = std::find_if(linears.begin(), linears.end(),
                                    [&own](const NamedLinear& x) { return own_name(x.name) == own; });
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
    check_shapes(module, pair, *found->linear, folder);
    attach(*found, copy_on(found->linear->device(), pair), adapter.config);
  }
}

void load_loras(WeightedModel& model, std::span<const std::filesystem::path> folders, double scale) {
  if (folders.size() == 1 && scale == 1) return load_lora(model, folders.front());
  const at::NoGradGuard no_grad;
  std::map<Linear*, std::unique_ptr<LinearAdapter>> sums;
  for (const std::filesystem::path& folder : folders) {
    load_lora(model, folder);
    for (const NamedLinear& named : model.linears()) {
      auto adapter = named.linear->detach_adapter();
      if (!adapter) continue;
      auto& lora = static_cast<LoraAdapter&>(*adapter);
      if (is_dora(lora))
        throw Error(ErrorKind::kUnsupported,
                    "a DoRA adapter sets each row's length and is no sum that could be scaled or added to; "
                    "merge it alone, without a scale",
                    folder.string());
      lora.b = lora.b * (lora.scale * scale);
      lora.scale = 1;
      std::unique_ptr<LinearAdapter>& sum = sums[named.linear];
      if (sum) add_lora(static_cast<LoraAdapter&>(*sum), lora);
      if (!sum) sum = std::move(adapter);
    }
  }
  for (auto& [linear, sum] : sums) linear->attach(std::move(sum));
}

void save_lora(WeightedModel& model, const std::filesystem::path& folder, const std::string& base_model) {
  Adapter adapter;
  adapter.config = config_of(model);
  adapter.config.base_model_name_or_path = base_model;
  for (const NamedLinear& named : model.linears())
    if (const LoraAdapter* lora = lora_of(*named.linear))
      adapter.modules[named.name] = {lora->a.detach(), lora->b.detach(), magnitude_of(*lora)};
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
