// SPDX-License-Identifier: Apache-2.0
// Continuous batching: every live sample is a one-token segment whose ancestors are in the cache; finished
// rows leave, waiting prompts enter.
#pragma once

#include "lm/slot_pool.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "xlt/base/rng.h"
#include "xlt/lm/language_model.h"
#include "xlt/models/decoder.h"
#include "xlt/nn/token_batch.h"
#include "xlt/ops/head/sample.h"

namespace at {
class Tensor;
}

namespace xlt {

struct DecodePrompt {
  std::vector<int64_t> ids;
  Rng rng{0};  // of the request; sample k draws from fork(k)
};
struct DecodedSample {
  std::vector<int64_t> ids;  // EOS not included
  FinishReason finish_reason = FinishReason::kLength;
};

class DecodeLoop {
 public:
  DecodeLoop(Decoder& decoder, const GenerationOptions& options, std::vector<int64_t> eos_ids,
             int64_t max_rows, int64_t cache_slots);
  ~DecodeLoop();
  // `finished(prompt, sample, tokens)` is called once a sample, in no particular order.
  using Finished = std::function<void(int64_t prompt, int64_t sample, DecodedSample)>;
  // Runs to the end; returns the number of tokens computed. Calls `step` before every forward pass.
  int64_t run(const std::vector<DecodePrompt>& prompts, int64_t num_samples, const Finished& finished,
              const std::function<void()>& step);

 private:
  // A prompt in the cache; samples [next_sample, num_samples) still wait for a row.
  struct ActivePrompt {
    int64_t prompt, slot, live = 0;
    int64_t next_sample = 0;
    bool is_computed = false;
    std::vector<int64_t> first_tokens;  // drawn for every sample when the prompt was computed
    int64_t segment = -1;               // in the batch that computes it
  };
  struct LiveSample {
    std::shared_ptr<ActivePrompt> prompt;
    int64_t sample, slot, length = 0;  // length: tokens of its own in the cache
    int64_t next_token = -1;
    int64_t segment = -1;
    Rng rng{0};
    DecodedSample decoded;
  };

  void admit_prompts(const std::vector<DecodePrompt>& prompts, int64_t num_samples);
  void start_samples(const std::vector<DecodePrompt>& prompts, int64_t num_samples, const Finished& finished);
  TokenBatch make_batch(const std::vector<DecodePrompt>& prompts);
  void draw_tokens(const TokenBatch& batch, const std::vector<DecodePrompt>& prompts, int64_t num_samples);
  at::Tensor logits_of(int64_t count, const at::Tensor& hidden);
  // Takes a drawn token; true when the sample is finished by it.
  bool accept(LiveSample& sample, int64_t token) const;
  void release(LiveSample& sample, const std::vector<DecodePrompt>& prompts, int64_t num_samples);
  bool is_eos(int64_t token) const;

  Decoder& decoder_;
  GenerationOptions options_;
  ops::SampleOptions sampling_;
  std::vector<int64_t> eos_ids_;
  int64_t max_rows_, next_prompt_ = 0;
  SlotPool slots_;
  std::unique_ptr<KvCache> cache_;
  std::unique_ptr<at::Tensor> logits_;
  std::vector<std::shared_ptr<ActivePrompt>> active_;
  std::vector<LiveSample> live_;
};

}  // namespace xlt
