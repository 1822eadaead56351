// Truncated sampling without a sort of the vocabulary: a bound on the logits that can be kept leaves few
// candidates, a histogram of those finds the bucket in which top-p is crossed, and only that is sorted.
// SPDX-License-Identifier: Apache-2.0
#include "xlt/ops/sample.h"

#include "ops/cpu_head.h"
#include "ops/dispatch.h"
#include "ops/head_kernels.h"
#include "ops/sample_kernels.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/tensor.h>

#include "xlt/base/error.h"

namespace xlt::ops {
namespace {

constexpr int64_t kBuckets = 2048;

struct Candidate {
  int64_t id;
  float logit;
  float weight;  // exp((logit − highest) / temperature)
};

// Most probable first; lower id first among equals.
bool comes_before(const Candidate& a, const Candidate& b) {
  return a.logit != b.logit ? a.logit > b.logit : a.id < b.id;
}

double total_of(const std::vector<Candidate>& candidates) {
  double total = 0;
  for (const Candidate& candidate : candidates) total += candidate.weight;
  return total;
}

// Of candidates in descending order, how many it takes to reach `goal` from `mass`; at least one.
size_t count_to_reach(const std::vector<Candidate>& descending, double mass, double goal) {
  size_t count = 0;
  do mass += descending[count++].weight;
  while (count < descending.size() && mass < goal);
  return count;
}

// The fewest most probable of `candidates`, all within `range` of the highest, whose weight reaches `goal`.
class MassCut {
 public:
  MassCut(float highest, float factor, double range)
      : highest_(highest), scale_(static_cast<float>(factor * (kBuckets - 1) / std::max(range, 1e-6))) {}

  void apply(std::vector<Candidate>& candidates, double goal) const {
    std::vector<double> masses(kBuckets);
    for (const Candidate& candidate : candidates) masses[bucket(candidate)] += candidate.weight;
    int64_t crossed = 0;
    double above = 0;
    while (crossed < kBuckets - 1 && above + masses[crossed] < goal) above += masses[crossed++];
    std::vector<Candidate> inside;
    for (const Candidate& candidate : candidates)
      if (bucket(candidate) == crossed) inside.push_back(candidate);
    if (inside.empty()) return;  // rounding left the goal just out of reach: all are kept
    std::sort(inside.begin(), inside.end(), comes_before);
    const Candidate last = inside[count_to_reach(inside, above, goal) - 1];
    std::erase_if(candidates, [&](const Candidate& candidate) { return comes_before(last, candidate); });
  }

 private:
  int64_t bucket(const Candidate& candidate) const {
    return std::min(static_cast<int64_t>((highest_ - candidate.logit) * scale_), kBuckets - 1);
  }
  float highest_, scale_;
};

[[noreturn]] void throw_not_finite() {
  throw Error(ErrorKind::kNumerics, "the logits are not finite; the weights or the adapter may be broken");
}

class Row {
 public:
  Row(const float* logits, int64_t size, double temperature)
      : logits_(logits),
        size_(size),
        temperature_(temperature),
        factor_(static_cast<float>(1 / temperature)) {
    own_maxima_.resize((size + kMaxBlock - 1) / kMaxBlock);
    block_maxima(logits, size, own_maxima_.data());
    maxima_ = own_maxima_;
    find_highest();
  }
  // Of logits that were summed up when they were made.
  Row(const float* logits, int64_t size, double temperature, const LogitSummary& summary, int64_t row)
      : logits_(logits),
        size_(size),
        temperature_(temperature),
        factor_(static_cast<float>(1 / temperature)) {
    const auto blocks = static_cast<size_t>((size + kMaxBlock - 1) / kMaxBlock);
    maxima_ = std::span(summary.maxima).subspan(row * blocks, blocks);
    sums_ = std::span(summary.sums).subspan(row * blocks, blocks);
    find_highest();
  }
  Row(const Row&) = delete;
  Row& operator=(const Row&) = delete;

  int64_t most_probable() const { return std::find(logits_, logits_ + size_, highest_) - logits_; }

  // The tokens kept by top-k, then top-p, in ascending order of id.
  std::vector<Candidate> kept(const SampleOptions& options) const {
    std::vector<Candidate> candidates;
    if (options.top_k > 0 && options.top_k < size_) {
      candidates = k_most_probable(static_cast<size_t>(options.top_k));
      if (options.top_p < 1)
        candidates.resize(count_to_reach(candidates, 0, options.top_p * total_of(candidates)));
      std::sort(candidates.begin(), candidates.end(),
                [](const Candidate& a, const Candidate& b) { return a.id < b.id; });
    } else {
      candidates = options.top_p < 1 ? smallest_set(options.top_p) : at_least(kLowest);
    }
    std::erase_if(candidates, [](const Candidate& candidate) { return candidate.weight == 0; });
    return candidates;
  }

  // Inverse transform over the whole vocabulary: first among sums of blocks, then inside one.
  int64_t draw(double uniform) const {
    const std::vector<double> sums = block_masses();
    const double goal = uniform * std::accumulate(sums.begin(), sums.end(), 0.0);
    double mass = 0;
    int64_t block = -1, begin_of_last = 0;
    double mass_before_last = 0;
    while (++block < static_cast<int64_t>(sums.size())) {
      if (sums[block] == 0) continue;
      begin_of_last = block * kMaxBlock;
      mass_before_last = mass;
      mass += sums[block];
      if (goal < mass) break;
    }
    float weights[kMaxBlock];
    const int64_t count = std::min(kMaxBlock, size_ - begin_of_last);
    exponentials(logits_ + begin_of_last, count, highest_, factor_, weights);
    int64_t drawn = 0;
    mass = mass_before_last;
    for (int64_t i = 0; i < count; ++i) {
      if (weights[i] == 0) continue;
      drawn = i;
      mass += weights[i];
      if (goal < mass) break;
    }
    return begin_of_last + drawn;
  }

 private:
  static constexpr float kLowest = -std::numeric_limits<float>::infinity();

  void find_highest() {
    highest_ = largest_of(maxima_.data(), static_cast<int64_t>(maxima_.size()));
    if (!std::isfinite(highest_)) throw_not_finite();
  }

  // Σ exp((logit − highest) / temperature) of every block; 0 where the largest of a block has no weight.
  std::vector<double> block_masses() const {
    std::vector<double> masses(maxima_.size());
    std::vector<float> weights(maxima_.size());
    exponentials(maxima_.data(), static_cast<int64_t>(maxima_.size()), highest_, factor_, weights.data());
    for (size_t block = 0; block < masses.size(); ++block) {
      if (weights[block] == 0) continue;
      const int64_t begin = static_cast<int64_t>(block) * kMaxBlock;
      masses[block] = sums_.empty() ? sum_of_exponentials(logits_ + begin, std::min(kMaxBlock, size_ - begin),
                                                          highest_, factor_)
                                    : sums_[block] * weights[block];
    }
    return masses;
  }
  double total() const {
    const std::vector<double> masses = block_masses();
    return std::accumulate(masses.begin(), masses.end(), 0.0);
  }

  // Tokens with logits of at least `threshold`, in ascending order of id. Blocks below it are not read.
  std::vector<Candidate> at_least(float threshold) const {
    std::vector<Candidate> candidates;
    float weights[kMaxBlock];
    for (int64_t begin = 0; begin < size_; begin += kMaxBlock) {
      if (maxima_[begin / kMaxBlock] < threshold) continue;
      const int64_t count = std::min(kMaxBlock, size_ - begin);
      exponentials(logits_ + begin, count, highest_, factor_, weights);
      for (int64_t i = 0; i < count; ++i)
        if (logits_[begin + i] >= threshold)
          candidates.push_back({begin + i, logits_[begin + i], weights[i]});
    }
    return candidates;
  }

  // In descending order. The k-th largest maximum of a block is a bound: k tokens at least reach it.
  std::vector<Candidate> k_most_probable(size_t k) const {
    float threshold = kLowest;
    if (k <= maxima_.size()) {
      std::vector<float> maxima(maxima_.begin(), maxima_.end());
      std::nth_element(maxima.begin(), maxima.begin() + (k - 1), maxima.end(), std::greater<>());
      threshold = maxima[k - 1];
    }
    std::vector<Candidate> candidates = at_least(threshold);
    std::nth_element(candidates.begin(), candidates.begin() + (k - 1), candidates.end(), comes_before);
    candidates.resize(k);
    std::sort(candidates.begin(), candidates.end(), comes_before);
    return candidates;
  }

  // In ascending order of id. V tokens that are each less probable than e^−range, where
  // V · e^−range = (1 − top_p) · total, cannot be needed to reach top_p.
  std::vector<Candidate> smallest_set(double top_p) const {
    const double total = this->total();
    constexpr double kSlack = 0.01;  // far more than the rounding of a threshold or of an exponential
    const double range = std::log(static_cast<double>(size_) / ((1 - top_p) * total)) + kSlack;
    const auto threshold = static_cast<float>(highest_ - std::max(range, kSlack) * temperature_);
    std::vector<Candidate> candidates = at_least(threshold);
    MassCut(highest_, factor_, range).apply(candidates, top_p * total);
    return candidates;
  }

  const float* logits_;
  int64_t size_;
  double temperature_;
  float factor_, highest_ = 0;
  std::vector<float> own_maxima_;
  std::span<const float> maxima_;
  std::span<const double> sums_;  // LogitSummary's; empty: not known
};

int64_t inverse_transform(const std::vector<Candidate>& kept, double uniform) {
  const double goal = uniform * total_of(kept);
  double mass = 0;
  for (const Candidate& candidate : kept) {
    mass += candidate.weight;
    if (goal < mass) return candidate.id;
  }
  return kept.back().id;
}

double temperature_of(const SampleOptions& options) { return options.greedy ? 1.0 : options.temperature; }

int64_t token_of(const Row& row, int64_t size, double uniform, const SampleOptions& options) {
  if (options.greedy) return row.most_probable();
  const bool keeps_all = options.top_p >= 1 && (options.top_k <= 0 || options.top_k >= size);
  return keeps_all ? row.draw(uniform) : inverse_transform(row.kept(options), uniform);
}

std::vector<int64_t> sample_on_device(const at::Tensor& logits, std::span<const double> uniforms,
                                      const SampleOptions& options) {
  const at::Tensor rows = logits.to(at::kFloat).contiguous();
  const at::Tensor draws = at::from_blob(const_cast<double*>(uniforms.data()),
                                         {static_cast<int64_t>(uniforms.size())}, at::kDouble)
                               .to(rows.device());
  at::Tensor ids = at::empty(draws.sizes(), draws.options().dtype(at::kLong));
  [[maybe_unused]] const SampleArgs args{rows.const_data_ptr<float>(),
                                         draws.const_data_ptr<double>(),
                                         ids.mutable_data_ptr<int64_t>(),
                                         rows.size(0),
                                         rows.size(1),
                                         options.greedy ? 1.0f : static_cast<float>(1 / options.temperature),
                                         options.top_k,
                                         options.top_p,
                                         options.greedy};
  XLT_DISPATCH_CUDA(rows.device(), sample, args);
  const at::Tensor drawn = ids.cpu();
  const int64_t* first = drawn.const_data_ptr<int64_t>();
  if (std::find(first, first + drawn.numel(), -1) != first + drawn.numel()) throw_not_finite();
  return {first, first + drawn.numel()};
}

void check_options(const SampleOptions& options) {
  XLT_CHECK(options.greedy ||
                (options.temperature > 0 && std::isfinite(static_cast<float>(1 / options.temperature))),
            "a temperature of ", options.temperature, "; expected one above 0");
}

}  // namespace

std::vector<int64_t> sample(const at::Tensor& logits, std::span<const double> uniforms,
                            const SampleOptions& options) {
  XLT_CHECK(
      logits.dim() == 2 && logits.size(0) == static_cast<int64_t>(uniforms.size()) && logits.size(1) > 0,
      "logits ", logits.sizes(), " for ", uniforms.size(), " draws; expected [draws, V]");
  check_options(options);
  if (!runs_cpu_kernels(logits.device())) return sample_on_device(logits, uniforms, options);
  const at::Tensor rows = logits.to(at::kCPU, at::kFloat).contiguous();
  const float* data = rows.const_data_ptr<float>();
  const int64_t V = rows.size(1);
  std::vector<int64_t> ids(uniforms.size());
  at::parallel_for(0, rows.size(0), 1, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row)
      ids[row] = token_of(Row(data + row * V, V, temperature_of(options)), V, uniforms[row], options);
  });
  return ids;
}

namespace {

// Draw i from row rows[i] of the logits. As many draws at a time as there are rows: one row may be read by
// thousands, and each needs its own.
std::vector<int64_t> sample_rows(const at::Tensor& logits, std::span<const int64_t> rows,
                                 std::span<const double> uniforms, const SampleOptions& options) {
  const auto bite = static_cast<size_t>(logits.size(0));
  std::vector<int64_t> ids;
  for (size_t first = 0; first < rows.size(); first += bite) {
    const auto some = rows.subspan(first, std::min(bite, rows.size() - first));
    bool is_whole = some.size() == bite;
    for (size_t i = 0; i < some.size(); ++i) is_whole = is_whole && some[i] == static_cast<int64_t>(i);
    const at::Tensor index = at::tensor(at::ArrayRef<int64_t>(some.data(), some.size()), at::kLong);
    const std::vector<int64_t> drawn =
        sample(is_whole ? logits : logits.index_select(0, index.to(logits.device())),
               uniforms.subspan(first, some.size()), options);
    ids.insert(ids.end(), drawn.begin(), drawn.end());
  }
  return ids;
}

}  // namespace

std::vector<int64_t> sample_head(const at::Tensor& hidden, const at::Tensor& weight, const HeadOptions& head,
                                 std::span<const int64_t> rows, std::span<const double> uniforms,
                                 const SampleOptions& options, at::Tensor logits) {
  XLT_CHECK(hidden.dim() == 2 && logits.dim() == 2 && logits.size(0) == hidden.size(0) &&
                logits.size(1) == weight.size(0) && rows.size() == uniforms.size(),
            "logits ", logits.sizes(), " of hidden ", hidden.sizes(), " and weight ", weight.sizes(), ", ",
            rows.size(), " rows for ", uniforms.size(), " draws");
  for (const int64_t row : rows)
    XLT_CHECK(row >= 0 && row < hidden.size(0), "a draw from row ", row, " of ", hidden.size(0));
  check_options(options);
  if (rows.empty()) return {};
  if (hidden.numel() == 0 || !runs_cpu_kernels(hidden.device()) || !cpu_head_takes(weight)) {
    head_logits_into(logits, hidden, weight, head);
    return sample_rows(logits, rows, uniforms, options);
  }
  const int64_t V = weight.size(0);
  LogitSummary summary{static_cast<float>(1 / temperature_of(options))};
  cpu_head_logits(hidden, weight, head, logits, &summary);
  const float* data = logits.const_data_ptr<float>();
  std::vector<int64_t> ids(uniforms.size());
  at::parallel_for(0, static_cast<int64_t>(rows.size()), 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const Row row(data + rows[i] * logits.stride(0), V, temperature_of(options), summary, rows[i]);
      ids[i] = token_of(row, V, uniforms[i], options);
    }
  });
  return ids;
}

std::vector<std::pair<int64_t, double>> truncated_distribution(const at::Tensor& logits_row,
                                                               const SampleOptions& options) {
  XLT_CHECK(logits_row.dim() == 1 && logits_row.size(0) > 0, "logits ", logits_row.sizes(), "; expected [V]");
  check_options(options);
  const at::Tensor logits = logits_row.to(at::kCPU, at::kFloat).contiguous();
  const Row row(logits.const_data_ptr<float>(), logits.numel(), temperature_of(options));
  if (options.greedy) return {{row.most_probable(), 1.0}};
  const std::vector<Candidate> kept = row.kept(options);
  const double total = total_of(kept);
  std::vector<std::pair<int64_t, double>> distribution;
  for (const Candidate& candidate : kept) distribution.emplace_back(candidate.id, candidate.weight / total);
  return distribution;
}

}  // namespace xlt::ops
