// SPDX-License-Identifier: Apache-2.0
// Checks all tensors by name and shape before reading any: a config.json is believed as far as the weights
// bear it out.
#include "models/load_weights.h"

#include <algorithm>
#include <map>
#include <set>
#include <span>

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>

#include "xlt/base/error.h"
#include "xlt/base/join.h"
#include "xlt/base/mapped_pages.h"
#include "xlt/base/registry.h"  // nearest_name
#include "xlt/nn/linear.h"
#include "xlt/nn/nf4_linear_weight.h"
#include "xlt/ops/matmul/gguf.h"
#include "xlt/ops/matmul/linear.h"
#include "xlt/ops/scalar_type.h"

namespace xlt {

namespace {

constexpr const char* kPrefixes[] = {"language_model.", "model.language_model."};
// Before the names of the model without its head, which some checkpoints hold alone.
constexpr std::string_view kBases[] = {"model.", "transformer."};
// Constants that some checkpoints store beside the weights.
constexpr std::string_view kConstants[] = {".rotary_emb.inv_freq", ".attn.bias", ".attn.masked_bias",
                                           ".position_ids", ".embed_positions.weights"};

bool is_constant(const std::string& name) {
  return std::any_of(std::begin(kConstants), std::end(kConstants),
                     [&](std::string_view suffix) { return name.ends_with(suffix); });
}

std::vector<int64_t> shape_on_disk(const NamedParameter& parameter, const WeightSource& source,
                                   const std::string& name) {
  std::vector<int64_t> shape = parameter.tensor->sizes().vec();
  if (lies_transposed(parameter, source, name)) std::reverse(shape.begin(), shape.end());
  return shape;
}

// "3 tensors are missing: a, b, c"; empty for an empty list.
std::string listed(const std::vector<std::string>& names, const char* one, const char* many) {
  if (names.empty()) return {};
  constexpr size_t kMost = 200;  // a message that a terminal still holds
  std::string list = names.size() == 1 ? one : str_cat(names.size(), " ", many);
  list += ": " + join(std::span(names).first(std::min(kMost, names.size())));
  if (names.size() > kMost) list += str_cat(" and ", names.size() - kMost, " more");
  return list;
}

struct Misfits {
  std::vector<std::string> missing, misshapen, left_over, passed_over;

  std::string message() const {
    std::string text;
    for (const std::string& part :
         {listed(missing, "one tensor is missing", "tensors are missing"),
          listed(misshapen, "one tensor has another shape than config.json asks for",
                 "tensors have other shapes than config.json asks for"),
          listed(left_over, "one tensor has no place in the model", "tensors have no place in the model")})
      if (!part.empty()) append_item(text, part, "; ");
    return text;
  }
};

// `name`, quoted, and what it may have been called instead.
std::string missing_name(const std::string& name, const std::vector<std::string>& left_over) {
  const std::string near = nearest_name(name, left_over);
  return near.empty() ? str_cat("\"", name, "\"") : str_cat("\"", name, "\" (nearest: \"", near, "\")");
}

Misfits compare(WeightedModel& model, const WeightSource& source) {
  Misfits misfits;
  std::set<std::string> used;
  std::vector<std::string> missing;
  std::string_view prefix;
  for (const NamedParameter& parameter : model.parameters()) {
    const std::string name = stored_name(source, parameter.name);
    if (!source.has(name)) {
      missing.push_back(parameter.name);
      continue;
    }
    used.insert(name);
    for (const char* candidate : kPrefixes)
      if (name.starts_with(candidate)) prefix = candidate;
    const auto shape = source.shape(name), expected = shape_on_disk(parameter, source, name);
    if (shape != expected)
      misfits.misshapen.push_back(
          str_cat("\"", name, "\" ", at::IntArrayRef(shape), " instead of ", at::IntArrayRef(expected)));
  }
  for (const std::string& name : source.names()) {
    if (used.contains(name) || is_constant(name) || model.ignores(name)) continue;
    auto& list = name.starts_with(prefix) ? misfits.left_over : misfits.passed_over;
    list.push_back(name);
  }
  // Searching a nearest name costs the product of both lists' lengths.
  const bool are_few = missing.size() <= 8 && misfits.left_over.size() <= 100;
  for (const std::string& name : missing)
    misfits.missing.push_back(missing_name(name, are_few ? misfits.left_over : std::vector<std::string>{}));
  for (std::string& name : misfits.left_over) name = str_cat("\"", name, "\"");
  return misfits;
}

std::string file_of(const WeightSource& source) {
  const auto names = source.names();
  return names.empty() ? "weights" : source.place(names.front());
}

// Norms and biases are small and go through other kernels.
bool stays_as_stored(int64_t dimensions, bool is_half, const Placement& where) {
  return dimensions == 2 && is_half && !where.is_cuda && where.dtype == DType::kFloat32 &&
         ops::reads_half_weights();
}
bool stays_as_stored(const at::Tensor& stored, const Placement& where) {
  if (ops::is_gguf(stored)) return true;
  const bool is_half = stored.scalar_type() == at::kBFloat16 || stored.scalar_type() == at::kHalf;
  return stays_as_stored(stored.dim(), is_half, where);
}

// As it lies in memory, in the dtype it is stored in.
at::Tensor stored_tensor(const NamedParameter& parameter, const WeightSource& source,
                         const std::string& name) {
  at::Tensor stored = source.get(name);
  const bool is_transposed = lies_transposed(parameter, source, name);
  if (ops::is_gguf(stored))
    return is_transposed ? ops::values_of(stored, at::kFloat).t().contiguous() : stored;
  if (!stored.is_floating_point())
    throw Error(ErrorKind::kCheckpoint, str_cat("tensor \"", name, "\" is not of a floating-point dtype"),
                source.place(name));
  return is_transposed ? stored.t().contiguous() : stored;
}

// In the dtype and on the device of `options`. Of a copy, the file's pages need not stay in memory.
at::Tensor placed(const at::Tensor& stored, const at::TensorOptions& options) {
  at::Tensor tensor = stored.to(options);
  if (!tensor.is_same(stored))
    forget_pages({static_cast<const std::byte*>(stored.const_data_ptr()), stored.nbytes()});
  return tensor;
}

// Gives the layer a weight in NF4 where the source holds it so; false where it does not.
bool takes_nf4(Linear& layer, const NamedParameter& parameter, const WeightSource& source,
               const std::string& name, at::Device device) {
  auto weight = source.nf4(name, lies_transposed(parameter, source, name));
  if (!weight) return false;
  weight->codes = weight->codes.to(device);
  weight->absmax = weight->absmax.to(device);
  at::Tensor bias;
  layer.visit_parameters([&](const char* part, at::Tensor& tensor) {
    if (std::string_view(part) == "bias") bias = tensor;
  });
  layer = Linear(std::make_shared<Nf4LinearWeight>(std::move(*weight)), bias);
  return true;
}

}  // namespace

std::optional<std::string> name_in_wrapped(const std::string& name) {
  for (const std::string_view prefix : kPrefixes) {
    if (!name.starts_with(prefix)) continue;
    const std::string rest = name.substr(prefix.size());
    return prefix.starts_with("model.") ? "model." + rest : rest;
  }
  return std::nullopt;
}

std::string stored_name(const WeightSource& source, const std::string& name) {
  if (source.has(name)) return name;
  const std::string own = name_in_wrapped(name).value_or(name);
  for (const std::string prefix : kPrefixes) {
    if (source.has(prefix + own)) return prefix + own;
    if (own.starts_with("model.") && source.has(prefix + own.substr(6))) return prefix + own.substr(6);
  }
  if (source.has(own)) return own;
  for (const std::string_view base : kBases)
    if (own.starts_with(base) && source.has(own.substr(base.size()))) return own.substr(base.size());
  return name;
}

void check_weights(WeightedModel& model, const WeightSource& source, const Context& context) {
  const Misfits misfits = compare(model, source);
  if (const std::string message = misfits.message(); !message.empty())
    throw Error(ErrorKind::kCheckpoint, message, file_of(source));
  if (!misfits.passed_over.empty())
    context.info(
        str_cat(file_of(source), ": ", misfits.passed_over.size(),
                " tensors are of other parts than the language model and are passed over, such as \"",
                misfits.passed_over.front(), "\""));
}

int64_t bytes_in_memory(const at::Tensor& shape, const std::string& dtype, const Placement& where) {
  const bool stays = stays_as_stored(shape.dim(), dtype == "BF16" || dtype == "F16", where);
  const auto size = static_cast<int64_t>(c10::elementSize(scalar_type(where.dtype)));
  return shape.numel() * (stays ? 2 : size);
}

bool lies_transposed(const NamedParameter& parameter, const WeightSource& source, const std::string& name) {
  return parameter.transposed && source.dtype(name) != "NF4";
}

void load_weights(WeightedModel& model, const WeightSource& source, const Context& context) {
  check_weights(model, source, context);
  const at::NoGradGuard no_grad;
  const auto parameters = model.parameters();
  std::map<std::string, Linear*> layers;  // by the name of the weight
  for (const NamedLinear& named : model.linears()) layers[named.name + ".weight"] = named.linear;
  Progress progress = context.progress("loading", static_cast<int64_t>(parameters.size()), "tensors");
  for (const NamedParameter& parameter : parameters) {
    context.throw_if_interrupted();
    const std::string name = stored_name(source, parameter.name);
    const Placement where = model.placement_of(parameter);
    const at::TensorOptions options = tensor_options(where);
    const auto layer = layers.find(parameter.name);
    if (layer == layers.end() || !takes_nf4(*layer->second, parameter, source, name, options.device())) {
      const at::Tensor stored = stored_tensor(parameter, source, name);
      *parameter.tensor = stays_as_stored(stored, where) ? stored : placed(stored, options);
    }
    progress.advance(1);
  }
}

}  // namespace xlt
