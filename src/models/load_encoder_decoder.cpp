// SPDX-License-Identifier: Apache-2.0
// config.json → encoder-decoder, with weights from a checkpoint.
#include "models/encoder_decoder_family.h"
#include "models/load_weights.h"
#include "models/model_type.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/equal.h>

#include "xlt/base/error.h"
#include "xlt/base/json.h"
#include "xlt/base/registry.h"
#include "xlt/checkpoint/model_source.h"
#include "xlt/models/encoder.h"
#include "xlt/ops/head/token_logps.h"

namespace xlt {

namespace {

struct Family {
  const char* name;
  EncoderDecoderMaker make;
};
constexpr Family kEncoderDecoders[] = {
#define X(name, models) {#name, make_##name},
#include "models/encoder_decoders.def"
#undef X
};
constexpr const char *kHead = "lm_head.weight", *kEmbedding = "shared.weight";

// Null where no row has this `model_type`.
EncoderDecoderMaker find_family(const std::string& type) {
  for (const Family& family : kEncoderDecoders)
    if (type == family.name) return family.make;
  return nullptr;
}

bool has_own_head(const WeightSource& weights) {
  if (!weights.has(kHead)) return false;
  if (!weights.has(kEmbedding)) return true;
  const at::Tensor head = weights.get(kHead), embedding = weights.get(kEmbedding);
  return head.scalar_type() != embedding.scalar_type() || !at::equal(head, embedding);
}

std::unique_ptr<EncoderDecoder> shapes_of(const ModelSource& source, const WeightSource& weights) {
  const EncoderDecoderMaker make = find_family(model_type_of(source));
  if (!make)
    throw Error(ErrorKind::kCheckpoint,
                unknown_name_message("architecture", model_type_of(source), encoder_decoder_names()),
                source.config_place() + ": model_type");
  const Json json = source.config();
  // A layer has at least one tensor of its own.
  auto model = make(ConfigReader(json, source.config_place(), static_cast<int64_t>(weights.names().size())));
  if (has_own_head(weights)) model->untie_head();
  return model;
}

}  // namespace

ops::HeadOptions EncoderDecoder::head_options() const {
  ops::HeadOptions options;
  options.logit_scale = config_.logit_scale;
  return options;
}

std::vector<std::string> encoder_decoder_names() {
  std::vector<std::string> names;
  for (const Family& family : kEncoderDecoders) names.emplace_back(family.name);
  return names;
}

bool is_encoder_decoder(const ModelSource& source) {
  const Json json = source.config();
  return json.contains("model_type") && json.at("model_type").is_string() &&
         find_family(model_type_of(source));
}

std::unique_ptr<EncoderDecoder> load_encoder_decoder(const ModelSource& source, const Placement& where,
                                                     const Context& context) {
  const auto weights = source.weights();
  auto model = shapes_of(source, *weights);
  model->set_placement(where);
  load_weights(*model, *weights, context);
  return model;
}

ModelOutline outline_encoder_decoder(const ModelSource& source) {
  const auto weights = source.weights();
  const auto model = shapes_of(source, *weights);
  check_weights(*model, *weights, Context{});
  return {model->config(), static_cast<int64_t>(model->parameters().size()), model->num_parameters()};
}

}  // namespace xlt
