// SPDX-License-Identifier: Apache-2.0
// sample and sample_head: checks, the choice of backend, a token for every draw.
#include "xlt/ops/head/sample.h"

#include "ops/dispatch.h"
#include "ops/head/cpu_head.h"
#include "ops/head/logit_row.h"
#include "ops/head/sample_kernels.h"

#include <algorithm>
#include <cmath>

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/tensor.h>

#include "xlt/base/error.h"

namespace xlt::ops {
namespace {

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

int64_t token_of(const LogitRow& row, int64_t size, double uniform, const SampleOptions& options) {
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
      ids[row] = token_of(LogitRow(data + row * V, V, temperature_of(options)), V, uniforms[row], options);
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
  if (hidden.numel() == 0 || !runs_cpu_kernels(hidden.device()) || !cpu_head_takes(hidden, weight)) {
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
      const LogitRow row(data + rows[i] * logits.stride(0), V, temperature_of(options), summary, rows[i]);
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
  const LogitRow row(logits.const_data_ptr<float>(), logits.numel(), temperature_of(options));
  if (options.greedy) return {{row.most_probable(), 1.0}};
  const std::vector<Candidate> kept = row.kept(options);
  const double total = total_of(kept);
  std::vector<std::pair<int64_t, double>> distribution;
  for (const Candidate& candidate : kept) distribution.emplace_back(candidate.id, candidate.weight / total);
  return distribution;
}

}  // namespace xlt::ops
