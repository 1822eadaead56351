// SPDX-License-Identifier: Apache-2.0
// config.json → decoder, with weights from a checkpoint or drawn.
#include "models/family.h"
#include "models/load_weights.h"

#include <algorithm>
#include <map>
#include <set>

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

// Codes, a float32 scale of every 64, and beside it the byte that it was made of with a scale of every 256.
int64_t bytes_in_nf4(int64_t count) {
  const int64_t blocks = (count + 63) / 64;
  return (count + 1) / 2 + 5 * blocks + 4 * ((blocks + 255) / 256);
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

std::unique_ptr<Decoder> load_decoder(DecoderMaker make, const ModelSource& source, const Placement& where,
                                      const Context& context) {
  const auto weights = source.weights();
  auto decoder = shapes_of(make, source, *weights);
  untie_own_head(*decoder, *weights, context);
  decoder->set_placement(where);
  load_weights(*decoder, *weights, where, context);
  return decoder;
}

std::unique_ptr<Decoder> load_decoder(const ModelSource& source, const Placement& where,
                                      const Context& context) {
  return load_decoder(maker_of(source.config(), source.config_place()), source, where, context);
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
  std::set<std::string> of_linears;
  for (const NamedLinear& named : decoder->linears()) {
    add_linear(footprint, *named.linear);
    of_linears.insert(named.name + ".weight");
  }
  std::map<std::string, int64_t> sizes;  // by the dtype on disk
  for (const NamedParameter& parameter : decoder->parameters()) {
    const std::string name = stored_name(*weights, parameter.name), dtype = weights->dtype(name);
    sizes[dtype] += parameter.tensor->numel();
    const bool in_few_bits = of_linears.contains(parameter.name) && weights->holds_nf4(name);
    const int64_t in_blocks = weights->block_bytes(name);
    const int64_t bytes = in_few_bits     ? bytes_in_nf4(parameter.tensor->numel())
                          : in_blocks > 0 ? in_blocks
                                          : bytes_in_memory(*parameter.tensor, dtype, where);
    footprint.weight_bytes += bytes;
    footprint.block_bytes += in_blocks;
    if (in_few_bits) footprint.quantized_bytes += bytes;
  }
  for (const auto& [dtype, size] : sizes)
    if (footprint.stored_dtype.empty() || size > sizes[footprint.stored_dtype])
      footprint.stored_dtype = dtype;
  return footprint;
}

std::unique_ptr<Decoder> make_decoder(const fs::path& config_file, int64_t vocab_size, const Placement& where,
                                      Rng rng, const Context& context) {
  Json json = load_json(config_file, ErrorKind::kConfig, /*allow_comments=*/true);
  if (!json.is_object()) throw Error(ErrorKind::kConfig, "expected an object", config_file.string());
  if (vocab_size > 0) json["vocab_size"] = vocab_size;
  const DecoderMaker make = maker_of(json, config_file.string());
  auto decoder = make(ConfigReader(json, config_file.string(), kMostLayers));
  decoder->set_placement(where);
  const at::NoGradGuard no_grad;
  for (const NamedParameter& parameter : decoder->parameters()) {
    context.throw_if_interrupted();
    at::Tensor tensor = at::empty(parameter.tensor->sizes(), at::kFloat);
    draw(tensor, parameter.role, decoder->config().initializer_range, rng.fork(parameter.name));
    *parameter.tensor = tensor.to(tensor_options(where));
  }
  return decoder;
}

}  // namespace xlt
