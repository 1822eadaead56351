// SPDX-License-Identifier: Apache-2.0
// Checkpoint folder → decoder → checkpoint folder.
#include "models/family.h"

#include <sstream>

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/from_blob.h>

#include "xlt/base/file.h"
#include "xlt/base/json.h"
#include "xlt/checkpoint/model_source.h"
#include "xlt/checkpoint/safetensors.h"
#include "xlt/nn/linear.h"
#include "xlt/ops/matmul/linear.h"
#include "xlt/ops/scalar_type.h"

namespace xlt {

namespace {

std::string shape_text(at::IntArrayRef shape) {
  std::ostringstream text;
  text << shape;
  return text.str();
}

const Entry<ModelFamily>& family_of(const Json& json, const std::string& where) {
  const std::string model_type = JsonView(json, where, ErrorKind::kCheckpoint).at("model_type").as_string();
  for (const auto& entry : families())
    if (model_type == entry.name) return entry;
  throw Error(ErrorKind::kCheckpoint, unknown_name_message("architecture", model_type, family_names()),
              where + ": model_type");
}

// The checkpoint may name weights with a wrapper's prefix ("language_model.model.…"), as multimodal folders
// do.
std::string stored_name(const WeightSource& reader, const std::string& name) {
  for (const char* prefix : {"", "language_model.", "model.language_model."}) {
    if (reader.has(prefix + name)) return prefix + name;
    if (std::string_view(prefix).ends_with("language_model.") && name.starts_with("model.") &&
        reader.has(prefix + name.substr(6)))
      return prefix + name.substr(6);
  }
  return name;  // the reader's own error names the nearest
}

// Some checkpoints hold a head of their own though their config ties it to the embedding; transformers goes
// by the weights, too.
void untie_own_head(ModelConfig& config, const WeightSource& weights, const Context& context) {
  const std::string head = stored_name(weights, "lm_head.weight"),
                    embedding = stored_name(weights, "model.embed_tokens.weight");
  if (!config.tie_word_embeddings || !weights.has(head) || !weights.has(embedding)) return;
  const at::Tensor a = weights.get(head), b = weights.get(embedding);
  if (a.scalar_type() == b.scalar_type() && at::equal(a, b)) return;
  context.warn(weights.place(head) +
               ": holds an output head of its own, which is used although config.json "
               "says tie_word_embeddings");
  config.tie_word_embeddings = false;
}

// Norms and biases are small and go through other kernels.
bool stays_as_stored(const at::Tensor& stored, const Placement& where) {
  return stored.dim() == 2 && !where.is_cuda && where.dtype == DType::kFloat32 &&
         (stored.scalar_type() == at::kBFloat16 || stored.scalar_type() == at::kHalf) &&
         ops::reads_half_weights();
}

void load_weights(Decoder& decoder, const WeightSource& reader, const Placement& where,
                  const Context& context) {
  const at::NoGradGuard no_grad;
  const at::TensorOptions options = tensor_options(where);
  auto parameters = decoder.parameters();
  Progress progress = context.progress("loading", static_cast<int64_t>(parameters.size()), "tensors");
  for (const NamedParameter& parameter : parameters) {
    const std::string name = stored_name(reader, parameter.name);
    const at::Tensor stored = reader.get(name);
    if (stored.sizes() != parameter.tensor->sizes())
      throw Error(ErrorKind::kCheckpoint,
                  str_cat("tensor \"", name, "\" has shape ", shape_text(stored.sizes()),
                          "; config.json asks for ", shape_text(parameter.tensor->sizes())),
                  reader.place(name));
    if (!stored.is_floating_point())
      throw Error(ErrorKind::kCheckpoint, str_cat("tensor \"", name, "\" is not of a floating-point dtype"),
                  reader.place(name));
    *parameter.tensor = stays_as_stored(stored, where) ? stored : stored.to(options);
    progress.advance(1);
  }
}

}  // namespace

std::unique_ptr<Decoder> load_decoder(const ModelSource& source, const Placement& where,
                                      const Context& context) {
  const Json json = source.config();
  const auto family = family_of(json, source.config_place()).make();
  ModelConfig config = family->parse(json, source.config_place());
  const auto weights = source.weights();
  untie_own_head(config, *weights, context);
  auto decoder = family->make(std::move(config));
  decoder->set_placement(where);
  load_weights(*decoder, *weights, where, context);
  return decoder;
}

std::unique_ptr<Decoder> load_decoder(const fs::path& folder, const Placement& where,
                                      const Context& context) {
  return load_decoder(*open_model_source(folder), where, context);
}

std::unique_ptr<Decoder> make_decoder(const fs::path& config_file, int64_t vocab_size, const Placement& where,
                                      Rng rng) {
  Json json = load_json(config_file, ErrorKind::kConfig, /*allow_comments=*/true);
  if (!json.is_object()) throw Error(ErrorKind::kConfig, "expected an object", config_file.string());
  if (vocab_size > 0) json["vocab_size"] = vocab_size;
  const auto family = family_of(json, config_file.string()).make();
  auto decoder = family->make(family->parse(json, config_file.string()));
  decoder->set_placement(where);
  const at::NoGradGuard no_grad;
  const double range = decoder->config().initializer_range;
  for (const NamedParameter& parameter : decoder->parameters()) {
    at::Tensor tensor = at::empty(parameter.tensor->sizes(), at::kFloat);
    float* data = tensor.mutable_data_ptr<float>();
    Rng stream = rng.fork(parameter.name);
    const bool is_matrix = tensor.dim() > 1;
    const bool is_norm = parameter.name.find("norm") != std::string::npos;
    for (int64_t i = 0; i < tensor.numel(); ++i)
      data[i] = is_matrix ? static_cast<float>(range * stream.normal())
                          : (is_norm ? decoder->initial_norm_weight() : 0.0f);
    *parameter.tensor = tensor.to(tensor_options(where));
  }
  return decoder;
}

void train_all_weights(Decoder& decoder) {
  const at::NoGradGuard no_grad;
  const at::TensorOptions options = tensor_options(decoder.placement());
  for (const NamedParameter& parameter : decoder.parameters()) {
    *parameter.tensor = parameter.tensor->to(options, /*non_blocking=*/false, /*copy=*/true);
    parameter.tensor->set_requires_grad(true);
  }
}

void save_decoder(Decoder& decoder, const Json& config_source, const fs::path& folder) {
  make_folders(folder);
  const DType dtype = decoder.placement().dtype;
  std::vector<std::pair<std::string, at::Tensor>> tensors;
  for (const NamedParameter& parameter : decoder.parameters())
    tensors.emplace_back(parameter.name, parameter.tensor->detach().to(scalar_type(dtype)));
  Json config = config_source;
  config["vocab_size"] = decoder.config().vocab_size;
  config.erase("torch_dtype");
  config["dtype"] = name_of(dtype);
  config["tie_word_embeddings"] = decoder.config().tie_word_embeddings;
  save_safetensors(folder / "model.safetensors", tensors, {{"format", "pt"}});
  write_file(folder / "config.json", dump_json(config, 2) + "\n");
}

}  // namespace xlt
