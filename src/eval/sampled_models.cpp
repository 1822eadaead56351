// SPDX-License-Identifier: Apache-2.0
#include "eval/sampled_models.h"

#include <algorithm>
#include <cmath>

#include "xlt/base/error.h"

namespace xlt {

namespace {

constexpr double kShare = 0.01;       // of what is asked
constexpr size_t kLeast = 8;          // requests
constexpr double kEnough = 0.15;      // seconds: less is told apart from noise badly
constexpr int64_t kRows = 256;        // at a time; from here on a row of a product costs the same
constexpr int64_t kLeastTokens = 8;   // of a completion that is cut short
constexpr double kBytesPerToken = 4;  // weighs prompts against completions; any near value does

size_t first_sample(size_t total) {
  const auto share = static_cast<size_t>(std::ceil(kShare * static_cast<double>(total)));
  return std::min(total, std::max(kLeast, share));
}

template <typename T>
std::vector<T> chosen(std::span<const T> all, const std::vector<size_t>& positions) {
  std::vector<T> some;
  for (const size_t position : positions) some.push_back(all[position]);
  return some;
}

// Results of all requests; those that were not asked about are copies of sampled ones.
template <typename Result>
std::vector<Result> spread(std::vector<Result> sampled, const std::vector<size_t>& positions, size_t total) {
  if (sampled.size() == total) return sampled;
  std::vector<Result> all;
  for (size_t i = 0; i < total; ++i) all.push_back(sampled[i % sampled.size()]);
  for (size_t k = 0; k < positions.size(); ++k) all[positions[k]] = sampled[k];
  return all;
}

struct Timing {
  double seconds = 0, tokens = 0;
};

// Asks about a sample that grows until it took long enough, and adds what all would cost.
// ask(requests) → results; weight(request): its share of the work; tokens() → computed so far.
template <typename Request, typename Ask, typename Weight, typename Tokens>
auto sampled(std::span<const Request> requests, const Ask& ask, const Weight& weight, const Tokens& tokens,
             SampledCost& cost) -> decltype(ask(requests)) {
  if (requests.empty()) return ask(requests);
  for (size_t count = first_sample(requests.size());; count = std::min(requests.size(), 4 * count)) {
    const auto positions = sample_positions(requests.size(), count);
    const auto some = chosen(requests, positions);
    const double tokens_before = tokens(), begun = monotonic_seconds();
    auto results = ask(std::span<const Request>(some));
    const Timing timing{monotonic_seconds() - begun, tokens() - tokens_before};
    cost.measured += timing.seconds;
    if (timing.seconds < kEnough && count < requests.size()) continue;
    double of_all = 0, of_some = 0;
    for (const Request& request : requests) of_all += weight(request);
    for (const Request& request : some) of_some += weight(request);
    const double factor = of_some > 0 ? of_all / of_some : 1;
    cost.seconds += timing.seconds * factor;
    cost.tokens += timing.tokens * factor;
    return spread(std::move(results), positions, requests.size());
  }
}

// The same of a verb that may have no answer at all.
template <typename Request, typename Result, typename Ask, typename Weight, typename Tokens>
std::optional<std::vector<Result>> sampled_if_any(std::span<const Request> requests, const Ask& ask,
                                                  const Weight& weight, const Tokens& tokens,
                                                  SampledCost& cost) {
  bool has_answer = true;
  auto results = sampled(
      requests,
      [&](std::span<const Request> some) {
        auto answer = ask(some);
        has_answer = answer.has_value();
        return answer ? std::move(*answer) : std::vector<Result>(some.size());
      },
      weight, tokens, cost);
  return has_answer ? std::optional(std::move(results)) : std::nullopt;
}

double weight_of(size_t bytes) { return 1 + static_cast<double>(bytes) / kBytesPerToken; }
double weight_of_text(const std::string& text) { return weight_of(text.size()); }
double weight_of_pair(const LogLikelihoodRequest& request) {
  return weight_of(request.context.size() + request.continuation.size());
}

// Steps that a row lives for, when a share of rows ended within the first `seen`.
double expected_steps(double share_ended, double seen, double most) {
  const double stays = std::pow(1 - share_ended, 1 / seen);  // a step
  if (stays >= 1) return most;
  return stays <= 0 ? seen : (1 - std::pow(stays, most)) / (1 - stays);
}

double share_ended(const std::vector<std::vector<Completion>>& completions) {
  double ended = 0, count = 0;
  for (const auto& samples : completions)
    for (const Completion& completion : samples) {
      ended += completion.finish_reason == FinishReason::kEos;
      ++count;
    }
  return count > 0 ? ended / count : 0;
}

// What was cut short stands for a completion of full length: whoever scores it next has as much to do.
void lengthen(std::vector<std::vector<Completion>>& completions, int64_t times) {
  for (auto& samples : completions)
    for (Completion& completion : samples) {
      if (completion.finish_reason != FinishReason::kLength) continue;
      std::string text;
      for (int64_t k = 0; k < times; ++k) text += completion.text;
      completion.text = std::move(text);
    }
}

}  // namespace

std::vector<size_t> sample_positions(size_t total, size_t count) {
  constexpr size_t kRuns = 8;
  XLT_CHECK(count <= total, count, " of ", total);
  std::vector<size_t> positions;
  const size_t runs = std::min(kRuns, count);
  for (size_t run = 0; run < runs; ++run) {
    const size_t begin = total * run / runs, length = count * (run + 1) / runs - count * run / runs;
    for (size_t k = 0; k < length; ++k) positions.push_back(begin + k);
  }
  return positions;
}

std::vector<std::vector<Completion>> SampledLanguageModel::generate(std::span<const GenerateRequest> requests,
                                                                    const GenerationOptions& options) {
  if (requests.empty()) return {};
  const int64_t num_samples = options.greedy ? 1 : options.num_samples;
  const size_t total = requests.size(),
               for_rows = static_cast<size_t>((kRows + num_samples - 1) / num_samples),
               count = std::min(total, std::max(first_sample(total), for_rows));
  const auto positions = sample_positions(total, count);
  const auto some = chosen(requests, positions);
  // Twice the share is about what the rows may cost; the rest is saved on tokens.
  const double affordable = 2 * kShare * static_cast<double>(total) / static_cast<double>(count);
  GenerationOptions cut = options;
  cut.max_new_tokens =
      std::clamp<int64_t>(std::llround(affordable * static_cast<double>(options.max_new_tokens)),
                          std::min(kLeastTokens, options.max_new_tokens), options.max_new_tokens);
  const auto timed = [&](const GenerationOptions& how, std::vector<std::vector<Completion>>& results) {
    const int64_t tokens = model_.num_tokens_computed();
    const double begun = monotonic_seconds();
    results = model_.generate(some, how);
    const Timing timing{monotonic_seconds() - begun,
                        static_cast<double>(model_.num_tokens_computed() - tokens)};
    cost_.measured += timing.seconds;
    return timing;
  };
  std::vector<std::vector<Completion>> results;
  GenerationOptions one = options;
  one.max_new_tokens = 1;
  Timing whole{};
  if (cut.max_new_tokens < options.max_new_tokens) {
    const Timing first = timed(one, results), last = timed(cut, results);
    const auto seen = static_cast<double>(cut.max_new_tokens);
    const double ended = share_ended(results);
    const double steps_seen = expected_steps(ended, seen, seen) - 1,
                 steps = expected_steps(ended, seen, static_cast<double>(options.max_new_tokens)) - 1;
    const double times = steps_seen > 0 ? steps / steps_seen : 0;
    whole = {first.seconds + std::max(0.0, last.seconds - first.seconds) * times,
             first.tokens + std::max(0.0, last.tokens - first.tokens) * times};
    lengthen(results, std::max<int64_t>(1, options.max_new_tokens / cut.max_new_tokens));
  } else {
    whole = timed(options, results);
  }
  const auto work = [&](std::span<const GenerateRequest> of) {
    double sum = 0;
    for (const GenerateRequest& request : of)
      sum += weight_of_text(request.prompt) + static_cast<double>(num_samples * options.max_new_tokens);
    return sum;
  };
  const double factor = work(requests) / work(some);
  cost_.seconds += whole.seconds * factor;
  cost_.tokens += whole.tokens * factor;
  return spread(std::move(results), positions, total);
}

std::vector<LogLikelihood> SampledLanguageModel::log_likelihood(
    std::span<const LogLikelihoodRequest> requests) {
  return sampled(
      requests, [&](std::span<const LogLikelihoodRequest> some) { return model_.log_likelihood(some); },
      weight_of_pair, [&] { return static_cast<double>(model_.num_tokens_computed()); }, cost_);
}

std::vector<LogLikelihood> SampledLanguageModel::rolling_log_likelihood(std::span<const std::string> texts,
                                                                        TextStart start) {
  return sampled(
      texts, [&](std::span<const std::string> some) { return model_.rolling_log_likelihood(some, start); },
      weight_of_text, [&] { return static_cast<double>(model_.num_tokens_computed()); }, cost_);
}

std::optional<std::vector<LogLikelihood>> SampledLanguageModel::left_padded_log_likelihood(
    std::span<const std::string> texts) {
  return sampled_if_any<std::string, LogLikelihood>(
      texts, [&](std::span<const std::string> some) { return model_.left_padded_log_likelihood(some); },
      weight_of_text, [&] { return static_cast<double>(model_.num_tokens_computed()); }, cost_);
}

std::optional<std::vector<Divergence>> SampledLanguageModel::divergence_from_base(
    std::span<const std::string> texts, TextStart start) {
  return sampled_if_any<std::string, Divergence>(
      texts, [&](std::span<const std::string> some) { return model_.divergence_from_base(some, start); },
      weight_of_text, [&] { return static_cast<double>(model_.num_tokens_computed()); }, cost_);
}

std::optional<std::vector<LogLikelihood>> SampledLanguageModel::base_log_likelihood(
    std::span<const LogLikelihoodRequest> requests) {
  return sampled_if_any<LogLikelihoodRequest, LogLikelihood>(
      requests, [&](std::span<const LogLikelihoodRequest> some) { return model_.base_log_likelihood(some); },
      weight_of_pair, [&] { return static_cast<double>(model_.num_tokens_computed()); }, cost_);
}

std::vector<LogLikelihood> SampledSeq2Seq::log_likelihood(std::span<const Seq2SeqRequest> requests) {
  double tokens = 0;
  return sampled(
      requests,
      [&](std::span<const Seq2SeqRequest> some) {
        auto scores = model_.log_likelihood(some);
        for (const LogLikelihood& score : scores) tokens += static_cast<double>(score.num_tokens);
        return scores;
      },
      [](const Seq2SeqRequest& request) { return weight_of(request.source.size() + request.target.size()); },
      [&] { return tokens; }, cost_);
}

std::vector<ScoreResult> SampledScorer::score(std::span<const ScoreRequest> requests) {
  return sampled(
      requests, [&](std::span<const ScoreRequest> some) { return scorer_.score(some); },
      [](const ScoreRequest& request) { return weight_of_text(request.text); }, [] { return 0.0; }, cost_);
}

}  // namespace xlt
