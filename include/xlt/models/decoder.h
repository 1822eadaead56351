// SPDX-License-Identifier: Apache-2.0
// A loaded decoder: TokenBatch in, hidden states out. Families know nothing of losses, benchmarks or
// sampling.
//
//   auto decoder = load_decoder("models/llama", placement, context);
//   at::Tensor hidden = decoder->forward(batch, /*cache=*/nullptr, rows);  // [rows, C], after the final norm
//   at::Tensor logp = ops::token_logps(hidden, decoder->head_weight(), targets, decoder->head_options());
//
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "xlt/base/context.h"
#include "xlt/base/placement.h"
#include "xlt/base/rng.h"
#include "xlt/models/model_config.h"

namespace at {
class Tensor;
}
namespace xlt::ops {
struct HeadOptions;
}

namespace xlt {

class TokenBatch;
class KvCache;
class Linear;
class ModelSource;

struct NamedLinear {
  std::string name;  // module name on disk: "model.layers.0.self_attn.q_proj"
  Linear* linear;
};
struct NamedParameter {
  std::string name;  // weight name on disk: "model.layers.0.self_attn.q_proj.weight"
  at::Tensor* tensor;
};

class Decoder {
 public:
  explicit Decoder(ModelConfig config) : config_(std::move(config)) {}
  virtual ~Decoder() = default;
  // → [N, C] after the final norm, or only `rows` of the batch, in their order: what follows the last layer's
  // attention is then computed for them alone. With a cache, keys and values of the batch are appended to it.
  // Differentiable when no cache is given.
  using Rows = std::optional<std::vector<int64_t>>;
  virtual at::Tensor forward(const TokenBatch& batch, KvCache* cache, const Rows& rows = {}) = 0;

  const ModelConfig& config() const { return config_; }
  // Where its activations are and in which dtype. On the CPU a matrix may be stored in half of float32's
  // bits; whatever changes or saves weights goes by this dtype.
  const Placement& placement() const { return placement_; }
  void set_placement(const Placement& where) { placement_ = where; }
  // [V, C]; the embedding where tied.
  virtual const at::Tensor& head_weight() const = 0;
  ops::HeadOptions head_options() const;
  // What a norm's weight is before training.
  virtual float initial_norm_weight() const { return 1; }
  // Every weight with its name on disk (a tied head is not listed), and every Linear but the head.
  std::vector<NamedParameter> parameters();
  std::vector<NamedLinear> linears();
  std::unique_ptr<KvCache> make_cache(int64_t capacity);
  int64_t num_parameters();
  // Throws kCheckpoint if one is beyond the vocabulary: the tokenizer is another model's.
  void check_tokens(std::span<const int64_t> ids) const;

 protected:
  // Families list their parts once; loading, saving, initialising, adapters and counting walk that list.
  virtual void visit(const std::function<void(const std::string& name, at::Tensor& tensor)>& parameter,
                     const std::function<void(const std::string& name, Linear& linear)>& linear) = 0;
  ModelConfig config_;

 private:
  Placement placement_;
};

// config.json picks the family; weights are read through a memory map, converted to
// `where.dtype` a tensor at a time, shapes checked against the config. No copy where dtype and device already
// match, nor of a matrix in half precision that float32 rows are multiplied by on the CPU
// (ops::reads_half_weights): the results are the same bits. Throws kCheckpoint: unknown architecture
// (supported ones listed), missing or misshapen tensor (name, both shapes).
std::unique_ptr<Decoder> load_decoder(const ModelSource& source, const Placement& where,
                                      const Context& context);
std::unique_ptr<Decoder> load_decoder(const std::filesystem::path& folder, const Placement& where,
                                      const Context& context);
// From a `config.json`-like file, weights drawn as transformers initialises them: normal(0,
// initializer_range), norms 1.
std::unique_ptr<Decoder> make_decoder(const std::filesystem::path& config_file, int64_t vocab_size,
                                      const Placement& where, Rng rng);
// config.json + model.safetensors (one file; temp-file-then-rename). `config_source`: the config.json to
// write along.
void save_decoder(Decoder& decoder, const Json& config_source, const std::filesystem::path& folder);

// Every weight is copied out of the memory map and set to require grad, for finetuning without an adapter.
void train_all_weights(Decoder& decoder);

// Adapters. `attach` draws A as PEFT does (Kaiming-uniform, a = √5), B zero; target: every Linear but the
// head.
struct LoraOptions {
  int64_t r = 64;
  double alpha = 16, dropout = 0;
};
void attach_lora(Decoder& decoder, const LoraOptions& options, Rng rng);
// PEFT folder → decoder (throws kCheckpoint if a module is unknown or misshapen) and back.
void load_lora(Decoder& decoder, const std::filesystem::path& adapter_folder);
void save_lora(Decoder& decoder, const std::filesystem::path& adapter_folder, const std::string& base_model);
void set_lora_enabled(Decoder& decoder, bool enabled);
// W ← W + scale·B·A (in float32, rounded once), adapters removed. Returns the largest |rounding error| per
// module, relative.
std::vector<std::pair<std::string, double>> merge_lora(Decoder& decoder);

std::vector<std::string> family_names();

}  // namespace xlt
