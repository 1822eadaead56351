// SPDX-License-Identifier: Apache-2.0
#include "train/monitor.h"

#include "train/metrics.h"
#include "train/pack.h"
#include "train/ranks.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/sum.h>

#include "xlt/base/error.h"
#include "xlt/models/decoder.h"
#include "xlt/ops/head/token_logps.h"
#include "xlt/ops/to_device.h"
#include "xlt/text/token_bytes.h"
#include "xlt/text/tokenizer.h"
#include "xlt/train/trainer.h"

namespace xlt {

namespace {

constexpr int64_t kBatchTokens = 1024;  // of one forward pass; a longer window makes one by itself

int64_t num_tokens(const std::vector<TrainRow>& rows) {
  int64_t sum = 0;
  for (const TrainRow& row : rows) sum += row.num_tokens();
  return sum;
}

// "de nats": names of sums, to be added over the ranks.
std::string sum_name(const std::string& language, const char* what) { return language + " " + what; }

struct Sums {
  double nats, kl;
};

Sums sums_of(Decoder& decoder, ReferenceModel& base, const std::vector<TrainRow>& rows) {
  std::vector<int64_t> indices(rows.size());
  std::iota(indices.begin(), indices.end(), 0);
  const PackedRows packed = pack(rows, indices);
  decoder.check_tokens(packed.targets);
  const ops::HeadRows untouched = base.heads(packed), own = label_heads(decoder, packed);
  const at::Tensor targets = ops::to_device(packed.targets, own.hidden.device());
  return {-ops::token_logps(own.hidden, own.weight, targets, own.options).sum(at::kDouble).item<double>(),
          ops::token_kl(untouched, own).sum(at::kDouble).item<double>()};
}

}  // namespace

Monitor::Monitor(const TrainJob& job, const Context& context) : decoder_(*job.decoder) {
  for (const auto& [name, texts] : job.monitored) {
    languages_.push_back({name});
    for (const std::string& text : texts) add_text(languages_.back(), text, job);
  }
  if (!is_empty())
    base_ = std::make_unique<ReferenceModel>(decoder_, "base", ReferenceUse{.distributions = true},
                                             ReferenceCache{}, context);
}

// A window begins with the last token of the one before it, so every token but the first counts once.
void Monitor::add_text(Language& language, const std::string& text, const TrainJob& job) {
  const std::vector<int64_t> ids = job.tokenizer->encode(text, SpecialTokens::kAdd);
  const auto size = static_cast<int64_t>(ids.size());
  if (size < 2) return;
  language.num_bytes += static_cast<int64_t>(text.size()) - first_token_bytes(*job.tokenizer, text, ids);
  language.num_positions += size - 1;
  const int64_t length = std::max<int64_t>(decoder_.config().max_position_embeddings, 2);
  for (int64_t begin = 0; begin + 1 < size; begin += length - 1) {
    TrainSequence window{{ids.begin() + begin, ids.begin() + std::min(begin + length, size)}, 0};
    add_row(languages_.size() - 1, {{std::move(window)}, "text to monitor in " + language.name});
  }
}

void Monitor::add_row(size_t language, TrainRow row) {
  const bool goes_on = !batches_.empty() && batches_.back().language == language &&
                       num_tokens(batches_.back().rows) + row.num_tokens() <= kBatchTokens;
  if (!goes_on) batches_.push_back({language, {}});
  batches_.back().rows.push_back(std::move(row));
}

Json Monitor::measured(World& world, const Context& context) {
  const at::NoGradGuard no_grad;
  const auto num_batches = static_cast<int64_t>(batches_.size());
  Progress progress = context.progress("monitoring", num_batches, "batches");
  const auto of_batches = for_block(world, context, num_batches, [&](int64_t i, MetricSums& sums) {
    const Sums own = sums_of(decoder_, *base_, batches_[i].rows);
    const std::string& language = languages_[batches_[i].language].name;
    if (!std::isfinite(own.nats) || !std::isfinite(own.kl))
      throw Error(ErrorKind::kNumerics,
                  "what the policy gives these texts is not finite; lower learning_rate, or use float32",
                  batches_[i].rows.front().place);
    sums.add(sum_name(language, "nats"), own.nats);
    sums.add(sum_name(language, "kl"), own.kl);
    progress.advance(1);
  });
  MetricSums sums = summed_over_ranks(world, of_batches);
  sums.add_weight(1);
  Json all = Json::object();
  for (const Language& language : languages_) {
    Json& row = all[language.name] = {{"bits_per_byte", nullptr}, {"kl_to_base", nullptr}};
    if (language.num_positions == 0) continue;
    row["kl_to_base"] =
        sums.mean(sum_name(language.name, "kl")) / static_cast<double>(language.num_positions);
    if (language.num_bytes > 0)
      row["bits_per_byte"] = sums.mean(sum_name(language.name, "nats")) / std::numbers::ln2 /
                             static_cast<double>(language.num_bytes);
  }
  return all;
}

}  // namespace xlt
