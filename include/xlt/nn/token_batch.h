// SPDX-License-Identifier: Apache-2.0
// The engine's one input: a forest of segments laid end to end, no padding anywhere.
//
//   TokenBatch batch;
//   int64_t prompt = batch.add(prompt_ids);                 // a root
//   batch.add(chosen_ids, prompt);  batch.add(rejected_ids, prompt);   // both see the prompt, not each other
//
// With a KV cache a root may continue what is cached (`cached` spans, in order of position), and every
// segment says into which cache slots its own keys go (`slot`). Positions follow from the ancestors' lengths.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "xlt/nn/dropout_keys.h"
#include "xlt/ops/attention/segment_attention.h"  // Span, AttentionPlan

namespace xlt {

struct Segment {
  int64_t begin = 0, length = 0;  // tokens [begin, begin + length) of the batch
  int64_t parent = -1;            // an earlier segment of this batch; −1: a root
  int64_t position = 0;           // position id of its first token
  uint64_t name = 0;              // of its dropout masks
  std::vector<ops::Span> cached;  // roots only: cache slots that come before it
  int64_t slot = -1;              // first cache slot of its own keys; −1: not cached
};

class TokenBatch {
 public:
  // Appends a segment (at least one token) and returns its index. `parent` must be a segment already added.
  int64_t add(std::span<const int64_t> ids, int64_t parent = -1);
  int64_t add_cached(std::span<const int64_t> ids, std::vector<ops::Span> cached, int64_t slot);

  // Dropout of the passes over this batch; off unless this is called. `pass` tells their masks from others'.
  void set_dropout(uint64_t pass) { dropout_ = pass; }
  // A token's masks go by its segment's name and its place in it. Whoever trains gives each segment one that
  // stays with its text whatever batch it is in; until then it is the segment's index.
  void name_segment(int64_t segment, uint64_t name) { segments_[segment].name = name; }
  // Nothing where dropout is off.
  std::optional<DropoutKeys> dropout_keys(at::Device device) const;

  int64_t num_tokens() const { return static_cast<int64_t>(input_ids_.size()); }
  const std::vector<int64_t>& input_ids() const { return input_ids_; }        // [N]
  const std::vector<int64_t>& position_ids() const { return position_ids_; }  // [N]
  const std::vector<Segment>& segments() const { return segments_; }
  // Index into the batch of a segment's last token.
  int64_t last_token(int64_t segment) const {
    return segments_[segment].begin + segments_[segment].length - 1;
  }
  // The cache slot of every token's key; all segments were added with `add_cached`.
  std::vector<int64_t> cache_slots() const;  // [N]
  // What attention needs. Key rows are batch rows, or cache slots when the segments were added with
  // `add_cached`.
  std::shared_ptr<const ops::AttentionPlan> attention_plan() const;

 private:
  std::vector<int64_t> input_ids_, position_ids_;
  std::vector<Segment> segments_;
  std::optional<uint64_t> dropout_;
};

// Cross-attention: the t-th tree of `queries` reads the text that ends with segment `texts[t]` of `keys`, its
// ancestors included. For options without causality, window and bias.
std::shared_ptr<const ops::AttentionPlan> cross_attention_plan(const TokenBatch& queries,
                                                               const TokenBatch& keys,
                                                               std::span<const int64_t> texts);

}  // namespace xlt
