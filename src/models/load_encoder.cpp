// SPDX-License-Identifier: Apache-2.0
// config.json → encoder, or whatever has layers, with weights from a checkpoint.
#include "models/encoder_family.h"
#include "models/family.h"
#include "models/load_weights.h"
#include "models/model_type.h"

#include <algorithm>

#include "xlt/base/error.h"
#include "xlt/base/json.h"
#include "xlt/base/registry.h"
#include "xlt/checkpoint/model_source.h"

namespace xlt {

namespace {

struct EncoderFamily {
  const char* name;
  EncoderMaker make;
};
constexpr EncoderFamily kEncoders[] = {
#define X(name, models) {#name, make_##name},
#include "models/encoders.def"
#undef X
};

bool is_decoder(const std::string& type) {
  const auto names = family_names();
  return std::find(names.begin(), names.end(), type) != names.end();
}

[[noreturn]] void fail_unknown(const ModelSource& source, const std::vector<std::string>& known) {
  throw Error(ErrorKind::kCheckpoint, unknown_name_message("architecture", model_type_of(source), known),
              source.config_place() + ": model_type");
}

std::unique_ptr<Encoder> shapes_of(const ModelSource& source, const WeightSource& weights,
                                   int64_t num_labels) {
  const EncoderMaker make = find_encoder(model_type_of(source));
  if (!make) fail_unknown(source, encoder_names());
  const Json json = source.config();
  // A layer has at least one tensor of its own.
  auto encoder =
      make(ConfigReader(json, source.config_place(), static_cast<int64_t>(weights.names().size())));
  if (num_labels > 0) encoder->add_head(num_labels);
  encoder->name_as_in(weights);
  return encoder;
}

[[noreturn]] void fail_unknown_layered(const ModelSource& source) {
  auto known = family_names();
  for (const std::string& name : encoder_names()) known.push_back(name);
  fail_unknown(source, known);
}

}  // namespace

EncoderMaker find_encoder(const std::string& model_type) {
  std::string name = model_type;
  std::replace(name.begin(), name.end(), '-', '_');
  for (const EncoderFamily& family : kEncoders)
    if (name == family.name) return family.make;
  return nullptr;
}

std::vector<std::string> encoder_names() {
  std::vector<std::string> names;
  for (const EncoderFamily& family : kEncoders) {
    names.emplace_back(family.name);
    std::replace(names.back().begin(), names.back().end(), '_', '-');
  }
  return names;
}

std::unique_ptr<Encoder> load_encoder(const ModelSource& source, int64_t num_labels, const Placement& where,
                                      const Context& context) {
  const auto weights = source.weights();
  auto encoder = shapes_of(source, *weights, num_labels);
  encoder->set_placement(where);
  load_weights(*encoder, *weights, context);
  return encoder;
}

std::unique_ptr<LayeredModel> load_layered_model(const ModelSource& source, const Placement& where,
                                                 const Context& context) {
  const std::string type = model_type_of(source);
  if (find_encoder(type)) return load_encoder(source, /*num_labels=*/0, where, context);
  if (is_decoder(type)) return load_decoder(source, where, context);
  fail_unknown_layered(source);
}

ModelOutline outline_layered_model(const ModelSource& source) {
  const std::string type = model_type_of(source);
  if (is_decoder(type)) {
    const DecoderOutline outline = outline_decoder(source);
    return {outline.config, outline.num_tensors, outline.num_parameters};
  }
  if (!find_encoder(type)) fail_unknown_layered(source);
  const auto weights = source.weights();
  const auto encoder = shapes_of(source, *weights, /*num_labels=*/0);
  check_weights(*encoder, *weights, Context{});
  return {encoder->config(), static_cast<int64_t>(encoder->parameters().size()), encoder->num_parameters()};
}

}  // namespace xlt
