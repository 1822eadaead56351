// SPDX-License-Identifier: Apache-2.0
// CPU kernels of segment_attention. A block of one segment's queries × one key head's query heads runs over
// tiles of keys in order of position. What a query gets depends on its own keys alone: tiles begin at fixed
// positions, and keys that only its neighbours see enter with weight zero.
#include "ops/attention/segment_attention_kernels.h"
#include "ops/float_rows.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <vector>

#include <ATen/Parallel.h>

namespace xlt::ops {
namespace {

constexpr int64_t kTile = KeyTile::kCapacity;
constexpr int64_t kQueryRows = 32;  // query rows a tile of keys is used for while it is in the cache

int64_t round_up(int64_t value, int64_t step) { return (value + step - 1) / step * step; }

// Tasks are of unequal length and independent of one another: a thread takes the next one when it is free.
template <typename MakeWorker>
void run_tasks(int64_t count, const MakeWorker& make_worker) {
  std::atomic<int64_t> next{0};
  at::parallel_for(0, std::min<int64_t>(at::get_num_threads(), count), 1, [&](int64_t, int64_t) {
    auto worker = make_worker();
    for (int64_t task = next++; task < count; task = next++) worker(task);
  });
}

// Queries [begin, begin + count) of one segment, and the positions [first, end) of keys that any of them
// sees; `first` is rounded down to a multiple of kSoftmaxLanes.
struct QueryBlock {
  const AttentionSegment* segment;
  int64_t begin, count, window;
  bool is_causal;
  int64_t num_keys = 0, before, first, end;

  QueryBlock(const AttentionSegment& s, int64_t begin_in_segment, int64_t queries,
             const AttentionOptions& options)
      : segment(&s),
        begin(begin_in_segment),
        count(queries),
        window(options.window),
        is_causal(options.is_causal) {
    for (const Span& span : s.spans) num_keys += span.length;
    before = num_keys - s.query_length;
    first = first_seen(0) / kSoftmaxLanes * kSoftmaxLanes;
    end = end_seen(count - 1);
  }
  // Among the segment's keys; of no meaning in cross-attention.
  int64_t position(int64_t i) const { return before + begin + i; }
  int64_t end_seen(int64_t i) const {
    if (is_causal) return position(i) + 1;
    return window > 0 ? std::min(num_keys, position(i) + window) : num_keys;
  }
  int64_t first_seen(int64_t i) const {
    return window > 0 ? std::max<int64_t>(0, position(i) + 1 - window) : 0;
  }
  int64_t query(int64_t i) const { return segment->query_begin + begin + i; }

  // The key rows at positions [first, end).
  void collect_keys(std::vector<int64_t>& rows) const {
    rows.clear();
    int64_t position = 0;
    for (const Span& span : segment->spans) {
      for (int64_t p = std::max(position, first); p < std::min(position + span.length, end); ++p)
        rows.push_back(span.begin + p - position);
      position += span.length;
    }
  }
};

template <typename Take>
void for_each_block(const AttentionSegment& segment, int64_t queries, const AttentionOptions& options,
                    const Take& take) {
  for (int64_t begin = 0; begin < segment.query_length; begin += queries)
    take(QueryBlock(segment, begin, std::min(queries, segment.query_length - begin), options));
}

// One thread's buffers, and what it does with a block.
class ForwardWorker {
 public:
  explicit ForwardWorker(const AttentionArrays& arrays)
      : a_(arrays), group_(arrays.num_heads / arrays.num_key_heads), tile_(arrays.head_dim) {}

  void run(const QueryBlock& block, int64_t key_head) {
    block.collect_keys(key_rows_);
    const int64_t keys = block.end - block.first, rows = block.count * group_, D = a_.head_dim;
    stride_ = round_up(keys, kTile);
    scores_.resize(rows * stride_);
    queries_.clear();
    outputs_.clear();
    for (int64_t r = 0; r < rows; ++r) {
      const int64_t at = (block.query(r / group_) * a_.num_heads + key_head * group_ + r % group_) * D;
      queries_.push_back(a_.q + at);
      outputs_.push_back(a_.out + at);
      std::fill(a_.out + at, a_.out + at + D, 0.0f);
    }
    for (int64_t t = 0; t < keys; t += kTile) {
      const int64_t count = load(a_.k, t, keys, key_head);
      products(queries_.data(), rows, tile_.rows(), round_up(count, kProductStep), D, scores_.data() + t,
               stride_);
    }
    normalise(block, key_head);
    for (int64_t t = 0; t < keys; t += kTile) {
      const int64_t count = load(a_.v, t, keys, key_head);
      combine({scores_.data() + t, stride_, 1}, tile_.rows(), count, D, outputs_.data(), rows);
    }
    for (int64_t r = 0; r < rows; ++r) scale_row(outputs_[r], D, 1 / sums_[r]);
  }

 private:
  int64_t load(const KeyArray& array, int64_t t, int64_t keys, int64_t key_head) {
    const int64_t count = std::min(kTile, keys - t);
    tile_.load(array, key_rows_.data() + t, count, a_.num_key_heads * a_.head_dim, key_head * a_.head_dim);
    return count;
  }

  // Scores become exponentials, zero at the keys that a row does not see.
  void normalise(const QueryBlock& block, int64_t key_head) {
    const int64_t rows = block.count * group_, keys = block.end - block.first;
    sums_.resize(rows);
    for (int64_t r = 0; r < rows; ++r) {
      const int64_t i = r / group_;
      float* scores = scores_.data() + r * stride_;
      const int64_t first = block.first_seen(i) - block.first;
      const int64_t end = block.end_seen(i) - block.first;
      const int64_t begin = first / kSoftmaxLanes * kSoftmaxLanes, padded = round_up(end, kSoftmaxLanes);
      finish_logits(scores + first, end - first, static_cast<float>(a_.options.scale),
                    static_cast<float>(a_.options.softcap));
      if (a_.bias.is_defined())
        add_bias(scores + first, key_head * group_ + r % group_, block.first + first - block.position(i),
                 end - first);
      constexpr float kUnseen = -std::numeric_limits<float>::infinity();
      std::fill(scores + begin, scores + first, kUnseen);
      std::fill(scores + end, scores + padded, kUnseen);
      const SoftmaxRow row = softmax_in_place(scores + begin, padded - begin);
      std::fill(scores, scores + begin, 0.0f);
      if (padded < keys) std::fill(scores + padded, scores + keys, 0.0f);
      sums_[r] = row.sum;
      if (a_.lse != nullptr)
        a_.lse[block.query(i) * a_.num_heads + key_head * group_ + r % group_] = row.log_sum;
    }
  }

  // To the logits of keys from `distance` positions after the query on.
  void add_bias(float* scores, int64_t head, int64_t distance, int64_t length) {
    bias_.resize(length);
    bias_of_keys(a_.bias, head, distance, length, bias_.data());
    add_to(scores, bias_.data(), length);
  }

  const AttentionArrays& a_;
  int64_t group_, stride_ = 0;
  KeyTile tile_;
  std::vector<int64_t> key_rows_;
  std::vector<float> scores_, sums_, bias_;
  std::vector<const float*> queries_;
  std::vector<float*> outputs_;
};

// With p = softmax(s), δ = dout·out: ds = p·(dout·v − δ), dq += ds·k, dk += dsᵀ·q, dv += pᵀ·dout (Dao et al.
// 2022, appendix B).
class BackwardWorker {
 public:
  BackwardWorker(const AttentionArrays& arrays, const AttentionGradients& gradients)
      : a_(arrays), g_(gradients), keys_(arrays.head_dim), values_(arrays.head_dim) {}

  void run(const QueryBlock& block, int64_t head) {
    block.collect_keys(key_rows_);
    for (int64_t i = 0; i < block.count; ++i) {
      const int64_t row = block.query(i) * a_.num_heads + head, at = row * a_.head_dim;
      queries_[i] = a_.q + at;
      douts_[i] = g_.dout + at;
      dqs_[i] = g_.dq + at;
      lse_[i] = a_.lse[row];
      delta_[i] = dot_of(g_.dout + at, a_.out + at, a_.head_dim);
    }
    for (int64_t t = 0; t < block.end - block.first; t += kTile) run_tile(block, head, t);
  }

 private:
  void run_tile(const QueryBlock& block, int64_t head, int64_t t) {
    const int64_t D = a_.head_dim, count = std::min(kTile, block.end - block.first - t);
    const int64_t stride = a_.num_key_heads * D, offset = head / (a_.num_heads / a_.num_key_heads) * D;
    const int64_t* rows = key_rows_.data() + t;
    keys_.load(a_.k, rows, count, stride, offset);
    values_.load(a_.v, rows, count, stride, offset);
    for (int64_t j = 0; j < count; ++j) {
      dks_[j] = g_.dk + (head * a_.num_keys + rows[j]) * D;
      dvs_[j] = g_.dv + (head * a_.num_keys + rows[j]) * D;
    }
    products(queries_, block.count, keys_.rows(), round_up(count, kProductStep), D, p_, kTile);
    products(douts_, block.count, values_.rows(), round_up(count, kProductStep), D, ds_, kTile);
    for (int64_t i = 0; i < block.count; ++i) make_gradient(block, head, i, t, count);
    combine({ds_, kTile, 1}, keys_.rows(), count, D, dqs_, block.count);
    combine({ds_, 1, kTile}, queries_, block.count, D, dks_, count);
    combine({p_, 1, kTile}, douts_, block.count, D, dvs_, count);
  }

  void make_gradient(const QueryBlock& block, int64_t head, int64_t i, int64_t t, int64_t count) {
    const int64_t begin = block.first + t;
    const int64_t end = std::clamp<int64_t>(block.end_seen(i) - begin, 0, count);
    const int64_t first = std::clamp<int64_t>(block.first_seen(i) - begin, 0, end);
    const auto scale = static_cast<float>(a_.options.scale), softcap = static_cast<float>(a_.options.softcap);
    float *p = p_ + i * kTile, *ds = ds_ + i * kTile;
    finish_logits(p + first, end - first, scale, softcap);
    if (a_.bias.is_defined()) {
      bias_of_keys(a_.bias, head, begin + first - block.position(i), end - first, bias_);
      softmax_gradient(p + first, bias_, ds + first, end - first, lse_[i], delta_[i], scale, softcap);
    } else {
      softmax_gradient(p + first, ds + first, end - first, lse_[i], delta_[i], scale, softcap);
    }
    for (float* row : {p, ds}) {
      std::fill(row, row + first, 0.0f);
      std::fill(row + end, row + count, 0.0f);
    }
  }

  const AttentionArrays& a_;
  const AttentionGradients& g_;
  KeyTile keys_, values_;
  std::vector<int64_t> key_rows_;
  const float *queries_[kQueryRows], *douts_[kQueryRows];
  float *dqs_[kQueryRows], *dks_[kTile], *dvs_[kTile];
  float lse_[kQueryRows], delta_[kQueryRows];
  float p_[kQueryRows * kTile], ds_[kQueryRows * kTile], bias_[kTile];
};

}  // namespace

void attention_forward(const AttentionArrays& a, const AttentionPlan& plan) {
  const int64_t group = a.num_heads / a.num_key_heads;
  std::vector<QueryBlock> blocks;
  for (const AttentionSegment& segment : plan.segments)
    for_each_block(segment, std::max<int64_t>(1, kQueryRows / group), a.options,
                   [&](const QueryBlock& block) { blocks.push_back(block); });
  run_tasks(static_cast<int64_t>(blocks.size()) * a.num_key_heads, [&] {
    return [&a, &blocks, worker = ForwardWorker(a)](int64_t task) mutable {
      worker.run(blocks[task / a.num_key_heads], task % a.num_key_heads);
    };
  });
}

void attention_backward(const AttentionArrays& a, const AttentionGradients& g, const AttentionPlan& plan) {
  const auto num_trees = static_cast<int64_t>(plan.tree_begins.size());
  run_tasks(num_trees * a.num_heads, [&] {
    return [&, worker = BackwardWorker(a, g)](int64_t task) mutable {
      const int64_t tree = task / a.num_heads, head = task % a.num_heads;
      const auto num_segments = static_cast<int64_t>(plan.segments.size());
      const int64_t last = tree + 1 < num_trees ? plan.tree_begins[tree + 1] : num_segments;
      for (int64_t s = plan.tree_begins[tree]; s < last; ++s)
        for_each_block(plan.segments[s], kQueryRows, a.options,
                       [&](const QueryBlock& block) { worker.run(block, head); });
    };
  });
}

}  // namespace xlt::ops
