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
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "xlt/base/context.h"
#include "xlt/base/placement.h"
#include "xlt/base/rng.h"
#include "xlt/models/layered_model.h"
#include "xlt/models/lora.h"

namespace xlt::ops {
struct HeadOptions;
}

namespace xlt {

class ModelSource;

class Decoder : public LayeredModel {
 public:
  using LayeredModel::LayeredModel;
  // → [N, C] after the final norm, or only `rows` of the batch, in their order: what follows the last layer's
  // attention is then computed for them alone. With a cache, keys and values of the batch are appended to it.
  // Differentiable when no cache is given.
  at::Tensor forward(const TokenBatch& batch, KvCache* cache, const Rows& rows = {}) const;

  // [V, C]; the embedding where tied.
  virtual const at::Tensor& head_weight() const = 0;
  // Its name on disk where it is not tied.
  virtual std::string head_name() const = 0;
  // A head of its own, as a shape, in place of the embedding; before weights are loaded.
  virtual void untie_head() = 0;
  ops::HeadOptions head_options() const;
  std::unique_ptr<KvCache> make_cache(int64_t capacity) const;
  void update_config(Json& config) const override;
  bool ignores(const std::string& stored_name) const override;
};

// config.json picks the family; weights are read through a memory map, converted to `where.dtype` a tensor at
// a time, shapes checked against the config. No copy where dtype and device already match, nor of a matrix in
// half precision that float32 rows are multiplied by on the CPU (ops::reads_half_weights): the results are
// the same bits. A head that is stored though the config ties it is used where it differs from the embedding.
// Throws kCheckpoint: unknown architecture (supported ones listed), values no model can have, and every
// tensor that is missing, misshapen or left over in one error.
std::unique_ptr<Decoder> load_decoder(const ModelSource& source, const Placement& where,
                                      const Context& context);
std::unique_ptr<Decoder> load_decoder(const std::filesystem::path& folder, const Placement& where,
                                      const Context& context);
// Its layers on `devices`, all of one dtype, as plan_device_map says; one of them: there. Every weight goes
// from the map straight to its device.
std::unique_ptr<Decoder> load_decoder(const ModelSource& source, std::span<const Placement> devices,
                                      const Context& context);
// What load_decoder would load, found out without reading weights. Throws as load_decoder does.
struct DecoderOutline {
  ModelConfig config;
  int64_t num_tensors = 0, num_parameters = 0;
};
DecoderOutline outline_decoder(const ModelSource& source);

// From a `config.json`-like file, weights drawn as transformers initialises them: normal(0,
// initializer_range), norms 1, biases 0. `vocab_size` 0: the file's own. Asks `context` between tensors.
std::unique_ptr<Decoder> make_decoder(const std::filesystem::path& config_file, int64_t vocab_size,
                                      const Placement& where, Rng rng, const Context& context = {});
std::unique_ptr<Decoder> make_decoder(const std::filesystem::path& config_file, int64_t vocab_size,
                                      std::span<const Placement> devices, Rng rng, const Context& context);

std::vector<std::string> family_names();

}  // namespace xlt
