// SPDX-License-Identifier: Apache-2.0
// config.json → decoder, with weights from a checkpoint or drawn.
#include "models/family.h"
#include "models/held_bytes.h"
#include "models/load_weights.h"
#include "models/place_decoder.h"

#include <algorithm>
#include <map>

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/json.h"
#include "xlt/base/registry.h"
#include "xlt/checkpoint/model_source.h"
#include "xlt/models/decoder_footprint.h"
#include "xlt/nn/linear.h"
#include "xlt/ops/scalar_type.h"

namespace xlt {

namespace {

// More would take minutes to lay out; the deepest of published models have some hundred.
constexpr int64_t kMostLayers = 4096;

DecoderMaker maker_of(const Json& json, const std::string& where) {
  const std::string model_type = JsonView(json, where, ErrorKind::kCheckpoint).at("model_type").as_string();
  for (const DecoderFamily& family : decoder_families())
    if (model_type == family.name) return family.make;
  throw Error(ErrorKind::kCheckpoint, unknown_name_message("architecture", model_type, family_names()),
              where + ": model_type");
}

// Some checkpoints hold a head of their own though their config ties it to the embedding; transformers goes
// by the weights, too.
void untie_own_head(Decoder& decoder, const WeightSource& weights, const Context& context) {
  if (!decoder.config().tie_word_embeddings) return;
  std::string embedding;
  for (const NamedParameter& parameter : decoder.parameters())
    if (parameter.tensor == &decoder.head_weight()) embedding = stored_name(weights, parameter.name);
  const std::string head = stored_name(weights, decoder.head_name());
  if (!weights.has(head) || !weights.has(embedding)) return;
  const at::Tensor a = weights.get(head), b = weights.get(embedding);
  if (a.scalar_type() == b.scalar_type() && at::equal(a, b)) return;
  context.warn(weights.place(head) +
               ": holds an output head of its own, which is used although config.json says "
               "tie_word_embeddings");
  decoder.untie_head();
}

void draw(at::Tensor& tensor, TensorRole role, double range, Rng stream) {
  float* data = tensor.mutable_data_ptr<float>();
  if (role == TensorRole::kEmbedding || role == TensorRole::kMatrix) {
    for (int64_t i = 0; i < tensor.numel(); ++i) data[i] = static_cast<float>(range * stream.normal());
  } else {
    std::fill_n(data, tensor.numel(), role == TensorRole::kNorm ? 1.0f : 0.0f);
  }
}

void add_linear(DecoderFootprint& footprint, const Linear& linear) {
  const int64_t in = linear.in_features(), out = linear.out_features();
  ++footprint.num_linears;
  footprint.in_features += in;
  footprint.out_features += out;
  if (out == footprint.hidden_size) footprint.back_features += in;
  footprint.largest_matrix = std::max(footprint.largest_matrix, in * out);
}

std::unique_ptr<Decoder> shapes_of(DecoderMaker make, const ModelSource& source,
                                   const WeightSource& weights) {
  const Json json = source.config();
  // A layer has at least one tensor of its own.
  const auto num_tensors = static_cast<int64_t>(weights.names().size());
  return make(ConfigReader(json, source.config_place(), std::min(num_tensors, kMostLayers)));
}

}  // namespace

std::unique_ptr<Decoder> load_decoder(DecoderMaker make, const ModelSource& source,
                                      std::span<const Placement> devices, const Context& context) {
  const auto weights = source.weights();
  auto decoder = shapes_of(make, source, *weights);
  untie_own_head(*decoder, *weights, context);
  place(*decoder, devices, [&] { return all_held_bytes(*decoder, *weights, devices.front()); });
  load_weights(*decoder, *weights, context);
  return decoder;
}

std::unique_ptr<Decoder> load_decoder(const ModelSource& source, std::span<const Placement> devices,
                                      const Context& context) {
  return load_decoder(maker_of(source.config(), source.config_place()), source, devices, context);
}

std::unique_ptr<Decoder> load_decoder(const ModelSource& source, const Placement& where,
                                      const Context& context) {
  return load_decoder(source, std::span(&where, 1), context);
}

std::unique_ptr<Decoder> load_decoder(const fs::path& folder, const Placement& where,
                                      const Context& context) {
  return load_decoder(*open_model_source(folder), where, context);
}

DecoderOutline outline_decoder(const ModelSource& source) {
  const DecoderMaker make = maker_of(source.config(), source.config_place());
  const auto weights = source.weights();
  const auto decoder = shapes_of(make, source, *weights);
  check_weights(*decoder, *weights, Context{});
  return {decoder->config(), static_cast<int64_t>(decoder->parameters().size()), decoder->num_parameters()};
}

DecoderFootprint footprint_of(const ModelSource& source, const Placement& where) {
  const DecoderMaker make = maker_of(source.config(), source.config_place());
  const auto weights = source.weights();
  const auto decoder = shapes_of(make, source, *weights);
  const ModelConfig& config = decoder->config();
  DecoderFootprint footprint{.num_parameters = decoder->num_parameters(),
                             .num_layers = config.num_hidden_layers,
                             .hidden_size = config.hidden_size,
                             .vocab_size = config.vocab_size};
  for (const NamedLinear& named : decoder->linears()) add_linear(footprint, *named.linear);
  std::map<std::string, int64_t> sizes;  // by the dtype on disk
  for (const NamedParameter& parameter : decoder->parameters())
    sizes[weights->dtype(stored_name(*weights, parameter.name))] += parameter.tensor->numel();
  for (const HeldBytes& held : held_bytes(*decoder, *weights, where)) {
    footprint.weight_bytes += held.all;
    footprint.block_bytes += held.in_blocks;
    footprint.quantized_bytes += held.in_few_bits;
  }
  for (const auto& [dtype, size] : sizes)
    if (footprint.stored_dtype.empty() || size > sizes[footprint.stored_dtype])
      footprint.stored_dtype = dtype;
  return footprint;
}

DeviceMapPlan plan_device_map(const ModelSource& source, std::span<const Placement> devices) {
  const DecoderMaker make = maker_of(source.config(), source.config_place());
  const auto weights = source.weights();
  const auto decoder = shapes_of(make, source, *weights);
  untie_own_head(*decoder, *weights, Context{});
  return plan_device_map(*decoder, devices, all_held_bytes(*decoder, *weights, devices.front()));
}

std::unique_ptr<Decoder> make_decoder(const fs::path& config_file, int64_t vocab_size, const Placement& where,
                                      Rng rng, const Context& context) {
  return make_decoder(config_file, vocab_size, std::span(&where, 1), rng, context);
}

std::unique_ptr<Decoder> make_decoder(const fs::path& config_file, int64_t vocab_size,
                                      std::span<const Placement> devices, Rng rng, const Context& context) {
  Json json = load_json(config_file, ErrorKind::kConfig, /*allow_comments=*/true);
  if (!json.is_object()) throw Error(ErrorKind::kConfig, "expected an object", config_file.string());
  if (vocab_size > 0) json["vocab_size"] = vocab_size;
  const DecoderMaker make = maker_of(json, config_file.string());
  auto decoder = make(ConfigReader(json, config_file.string(), kMostLayers));
  place(*decoder, devices, [&] {
    std::vector<int64_t> sizes;  // all are of one dtype
    for (const NamedParameter& parameter : decoder->parameters()) sizes.push_back(parameter.tensor->nbytes());
    return sizes;
  });
  const at::NoGradGuard no_grad;
  for (const NamedParameter& parameter : decoder->parameters()) {
    context.throw_if_interrupted();
    at::Tensor tensor = at::empty(parameter.tensor->sizes(), at::kFloat);
    draw(tensor, parameter.role, decoder->config().initializer_range, rng.fork(parameter.name));
    *parameter.tensor = tensor.to(tensor_options(decoder->placement_of(parameter)));
  }
  return decoder;
}

}  // namespace xlt
