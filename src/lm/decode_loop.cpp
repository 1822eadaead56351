// SPDX-License-Identifier: Apache-2.0
#include "lm/decode_loop.h"

#include <algorithm>

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>

#include "xlt/base/error.h"
#include "xlt/base/runs.h"
#include "xlt/nn/kv_cache.h"

namespace xlt {

DecodeLoop::DecodeLoop(Decoder& decoder, const GenerationOptions& options, std::vector<int64_t> eos_ids,
                       int64_t max_rows, int64_t cache_slots)
    : decoder_(decoder),
      options_(options),
      eos_ids_(std::move(eos_ids)),
      max_rows_(max_rows),
      slots_(cache_slots),
      cache_(decoder.make_cache(cache_slots)) {
  sampling_ = {.temperature = options.temperature,
               .top_p = options.top_p,
               .top_k = options.top_k,
               .greedy = options.greedy};
}

DecodeLoop::~DecodeLoop() = default;

bool DecodeLoop::is_eos(int64_t token) const {
  return !options_.ignore_eos && std::find(eos_ids_.begin(), eos_ids_.end(), token) != eos_ids_.end();
}

int64_t DecodeLoop::run(const std::vector<DecodePrompt>& prompts, int64_t num_samples,
                        const Finished& finished, const std::function<void()>& step) {
  const at::NoGradGuard no_grad;
  int64_t num_tokens = 0;
  next_prompt_ = 0;
  while (true) {
    start_samples(prompts, num_samples, finished);
    admit_prompts(prompts, num_samples);
    if (live_.empty() && active_.empty() && next_prompt_ == static_cast<int64_t>(prompts.size()))
      return num_tokens;
    step();
    const TokenBatch batch = make_batch(prompts);
    XLT_CHECK(batch.num_tokens() > 0, "no cache slots left for a sample");
    num_tokens += batch.num_tokens();
    draw_tokens(batch, prompts, num_samples);
    std::vector<LiveSample> going_on;
    for (LiveSample& sample : live_) {
      ++sample.length;
      if (accept(sample, sample.next_token)) {
        finished(sample.prompt->prompt, sample.sample, std::move(sample.decoded));
        release(sample, prompts, num_samples);
      } else {
        going_on.push_back(std::move(sample));
      }
    }
    live_ = std::move(going_on);
  }
}

// Prompts are computed in the same pass as the live samples' tokens, as soon as their samples could find
// rows.
void DecodeLoop::admit_prompts(const std::vector<DecodePrompt>& prompts, int64_t num_samples) {
  int64_t rows = static_cast<int64_t>(live_.size()), prompt_tokens = 0;
  for (const auto& prompt : active_) rows += num_samples - prompt->next_sample;
  while (next_prompt_ < static_cast<int64_t>(prompts.size()) && rows < max_rows_) {
    const int64_t length = static_cast<int64_t>(prompts[next_prompt_].ids.size());
    if (prompt_tokens > 0 && prompt_tokens + length > max_rows_) return;  // the others in the next pass
    // Room is kept for a sample of its own, so that a prompt in the cache can always go on.
    if (slots_.free_slots() < length + options_.max_new_tokens && !(live_.empty() && active_.empty())) return;
    const auto slot = slots_.take(length);
    if (!slot) {
      XLT_CHECK(!live_.empty() || !active_.empty(), "the cache does not hold a prompt of ", length,
                " tokens");
      return;
    }
    active_.push_back(std::make_shared<ActivePrompt>(ActivePrompt{next_prompt_, *slot}));
    ++next_prompt_;
    rows += num_samples;
    prompt_tokens += length;
  }
}

void DecodeLoop::start_samples(const std::vector<DecodePrompt>& prompts, int64_t num_samples,
                               const Finished& finished) {
  for (size_t i = 0; i < active_.size();) {
    const auto prompt = active_[i];
    while (prompt->is_computed && prompt->next_sample < num_samples &&
           static_cast<int64_t>(live_.size()) < max_rows_) {
      LiveSample sample{prompt, prompt->next_sample, -1};
      sample.rng = prompts[prompt->prompt].rng.fork(static_cast<uint64_t>(sample.sample));
      if (accept(sample, prompt->first_tokens[sample.sample])) {
        finished(prompt->prompt, sample.sample, std::move(sample.decoded));
        ++prompt->next_sample;
        continue;
      }
      const auto slot = slots_.take(options_.max_new_tokens);
      if (!slot) return;
      sample.slot = *slot;
      ++prompt->next_sample;
      ++prompt->live;
      live_.push_back(std::move(sample));
    }
    if (prompt->is_computed && prompt->next_sample == num_samples) {
      if (prompt->live == 0)
        slots_.give_back(prompt->slot, static_cast<int64_t>(prompts[prompt->prompt].ids.size()));
      active_.erase(active_.begin() + static_cast<int64_t>(i));  // live samples keep it
    } else {
      ++i;
    }
  }
}

TokenBatch DecodeLoop::make_batch(const std::vector<DecodePrompt>& prompts) {
  TokenBatch batch;
  for (LiveSample& sample : live_) {
    const int64_t prompt_length = static_cast<int64_t>(prompts[sample.prompt->prompt].ids.size());
    std::vector<ops::Span> cached{{sample.prompt->slot, prompt_length}};
    if (sample.length > 0) cached.push_back({sample.slot, sample.length});
    sample.segment =
        batch.add_cached(std::span(&sample.next_token, 1), std::move(cached), sample.slot + sample.length);
  }
  for (const auto& prompt : active_)
    if (!prompt->is_computed)
      prompt->segment = batch.add_cached(prompts[prompt->prompt].ids, {}, prompt->slot);
  return batch;
}

void DecodeLoop::draw_tokens(const TokenBatch& batch, const std::vector<DecodePrompt>& prompts,
                             int64_t num_samples) {
  // One row for every token to draw; a computed prompt's last row is read by each of its samples.
  std::vector<int64_t> rows;
  std::vector<double> uniforms;
  std::vector<int64_t*> targets;
  for (LiveSample& sample : live_) {
    rows.push_back(batch.last_token(sample.segment));
    uniforms.push_back(sample.rng.uniform_at(sample.decoded.ids.size()));
    targets.push_back(&sample.next_token);
  }
  for (const auto& prompt : active_) {
    if (prompt->is_computed) continue;
    prompt->is_computed = true;
    prompt->first_tokens.resize(num_samples);
    for (int64_t sample = 0; sample < num_samples; ++sample) {
      rows.push_back(batch.last_token(prompt->segment));
      uniforms.push_back(prompts[prompt->prompt].rng.fork(static_cast<uint64_t>(sample)).uniform_at(0));
      targets.push_back(&prompt->first_tokens[sample]);
    }
  }
  // A row is computed once; equal neighbours share its logits.
  std::vector<int64_t> distinct, index;
  for (int64_t row : rows) {
    if (distinct.empty() || distinct.back() != row) distinct.push_back(row);
    index.push_back(static_cast<int64_t>(distinct.size()) - 1);
  }
  const at::Tensor hidden = decoder_.forward(batch, cache_.get(), distinct);
  const ops::HeadOptions head = decoder_.head_options();
  size_t next = 0;
  for (const Run& chunk : even_runs_of(static_cast<int64_t>(distinct.size()), head.chunk_rows)) {
    const size_t first = next;
    std::vector<int64_t> local;
    while (next < rows.size() && index[next] < chunk.end()) local.push_back(index[next++] - chunk.first);
    const std::vector<int64_t> tokens = ops::sample_head(
        hidden.narrow(0, chunk.first, chunk.count), decoder_.head_weight(), head, local,
        std::span(uniforms).subspan(first, local.size()), sampling_, logits_of(chunk.count, hidden));
    for (size_t i = 0; i < tokens.size(); ++i) *targets[first + i] = tokens[i];
  }
}

// [count, V] float32, memory that the next call writes again.
at::Tensor DecodeLoop::logits_of(int64_t count, const at::Tensor& hidden) {
  if (!logits_ || logits_->size(0) < count) {
    logits_.reset();  // before its successor is allocated
    logits_ = std::make_unique<at::Tensor>(
        at::empty({count, decoder_.head_weight().size(0)}, hidden.options().dtype(at::kFloat)));
  }
  return logits_->narrow(0, 0, count);
}

bool DecodeLoop::accept(LiveSample& sample, int64_t token) const {
  if (is_eos(token)) {
    sample.decoded.finish_reason = FinishReason::kEos;
    return true;
  }
  sample.decoded.ids.push_back(token);
  sample.next_token = token;
  return static_cast<int64_t>(sample.decoded.ids.size()) == options_.max_new_tokens;
}

void DecodeLoop::release(LiveSample& sample, const std::vector<DecodePrompt>& prompts, int64_t num_samples) {
  slots_.give_back(sample.slot, options_.max_new_tokens);
  ActivePrompt& prompt = *sample.prompt;
  --prompt.live;
  if (prompt.live == 0 && prompt.next_sample == num_samples)
    slots_.give_back(prompt.slot, static_cast<int64_t>(prompts[prompt.prompt].ids.size()));
}

}  // namespace xlt
