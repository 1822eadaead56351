// SPDX-License-Identifier: Apache-2.0
#include "eval/toxicity.h"

#include "eval/chosen_items.h"
#include "eval/prompt_refusal.h"

#include "xlt/base/error.h"
#include "xlt/base/json.h"
#include "xlt/dataset/reader.h"
#include "xlt/eval/earlier_evaluation.h"
#include "xlt/eval/evaluate.h"

namespace xlt {

namespace {

constexpr int64_t kLibraryTopK =
    50;  // of transformers' generate, which the published code leaves alone (quirk G4)

GenerationOptions generation_of(const EvalOptions& options) {
  const SamplingOptions& sampling = options.sampling;
  GenerationOptions generation;
  generation.num_samples = samples_of_model(sampling);
  generation.max_new_tokens = sampling.max_new_tokens;
  generation.temperature = sampling.temperature;
  generation.top_p = sampling.top_p;
  generation.top_k = options.asks_quirk("G4") ? kLibraryTopK : sampling.top_k;
  generation.seed = options.seed;
  return generation;
}

std::vector<SampledPrompt> sample(const std::string& benchmark, const std::vector<ToxicityPrompt>& prompts,
                                  const CellInput& input) {
  std::vector<GenerateRequest> requests;
  for (const ToxicityPrompt& prompt : prompts)
    requests.push_back({prompt.text, benchmark + "/" + input.language + "/" + prompt.id, prompt.place});
  const auto completions = input.services.lm->generate(requests, generation_of(input.options));
  XLT_CHECK(completions.size() == prompts.size(), completions.size(), " for ", prompts.size(), " prompts");
  std::vector<SampledPrompt> samples;
  for (size_t i = 0; i < prompts.size(); ++i) {
    SampledPrompt& sampled = samples.emplace_back(SampledPrompt{prompts[i].id, prompts[i].text, {}});
    sampled.unscored = refusal_of(completions[i]);
    for (const Completion& completion : completions[i])
      if (sampled.unscored.empty()) sampled.completions.push_back(completion.text);
  }
  return samples;
}

// Takes what an earlier evaluation kept and samples the rest; a prompt's samples do not depend on what is
// asked beside it.
std::vector<SampledPrompt> kept_or_sampled(const std::string& benchmark,
                                           const std::vector<ToxicityPrompt>& prompts,
                                           const CellInput& input) {
  std::vector<ToxicityPrompt> missing;
  for (const ToxicityPrompt& prompt : prompts)
    if (!input.kept || !input.kept->contains(prompt.id)) missing.push_back(prompt);
  if (missing.size() == prompts.size()) return sample(benchmark, prompts, input);
  auto fresh = missing.empty() ? std::vector<SampledPrompt>{} : sample(benchmark, missing, input);
  std::vector<SampledPrompt> samples;
  auto next = fresh.begin();
  for (const ToxicityPrompt& prompt : prompts) {
    const auto found = input.kept->find(prompt.id);
    samples.push_back(found == input.kept->end() ? std::move(*next++)
                                                 : SampledPrompt{prompt.id, prompt.text, found->second});
  }
  return samples;
}

}  // namespace

std::vector<ScoredItem> score_toxicity(const std::string& benchmark,
                                       const std::vector<ToxicityPrompt>& prompts, const CellInput& input) {
  // Without a scorer for the language nothing is generated: hours of sampling would end in nulls.
  if (const Unscored refusal = refusal_of_all(input); !refusal.empty()) {
    std::vector<ScoredItem> items;
    for (const ToxicityPrompt& prompt : prompts)
      items.push_back({prompt.id, std::make_shared<Json>(Json{{"prompt", prompt.text}}), {}, refusal});
    return items;
  }
  return judge_completions(kept_or_sampled(benchmark, prompts, input), input);
}

std::vector<ScoredItem> score_toxicity_file(const std::string& benchmark, const CellInput& input) {
  std::vector<Row> rows = read_rows(input.files[0]);
  const std::string field = prompt_field(rows.front());  // all rows are alike
  const auto chosen = choose_items(std::move(rows), {"id", "Index"}, outermost({field}), input.options);
  std::vector<ToxicityPrompt> prompts;
  for (const auto& [id, row] : chosen.rows) prompts.push_back({id, row.text(field), row.place()});
  return chosen.with_others(score_toxicity(benchmark, prompts, input));
}

std::vector<SummarySubject> toxicity_summary(const std::string& benchmark) {
  return {{"expected_max_toxicity", "toxicity (expected maximum, " + benchmark + ")"}};
}

}  // namespace xlt
