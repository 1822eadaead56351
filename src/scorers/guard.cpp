// SPDX-License-Identifier: Apache-2.0
// `guard:DIR[#FORMAT]`: a decoder that was finetuned to judge texts in words. The text is put to it as the
// format says (guard_format.h), through the checkpoint's own chat template; the score is the probability of
// the verdict "unsafe" against "safe", by the log-likelihoods of their tokens after the prompt:
//   P = p(unsafe) / (p(unsafe) + p(safe))
// so nothing is generated or parsed, and every text has a score.
#include "scorers/blocks.h"
#include "scorers/factories.h"
#include "scorers/guard_format.h"

#include <cmath>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/json.h"
#include "xlt/lm/language_model.h"
#include "xlt/text/chat_template.h"

namespace xlt {

namespace {

constexpr size_t kBlock = 256;

std::string folder_name(const std::string& path) {
  fs::path folder = fs::path(path).lexically_normal();
  if (!folder.has_filename()) folder = folder.parent_path();
  return folder.filename().string();
}

// The folder, once nothing is wrong with the spec itself: what its model lacks would be told otherwise.
const std::string& checked(const ScorerSpec& spec) {
  check_guard_format(spec.label);
  if (!fs::exists(spec.argument))
    throw Error(ErrorKind::kIo,
                "no such file or folder; expected guard:DIR, a decoder's checkpoint with a chat template",
                spec.argument);
  return spec.argument;
}

class GuardScorer : public TextScorer {
 public:
  GuardScorer(const ScorerSpec& spec, ScorerModels& models)
      : template_(load_chat_template(checked(spec), "auto")),
        format_(choose_guard_format(spec.argument, spec.label, template_->source())),
        name_(str_cat("guard:", folder_name(spec.argument), "#", format_.name)) {
    // A template that refuses the format's messages says so before weights are read.
    template_->render(format_.conversation("text"), /*add_generation_prompt=*/true, name_);
    model_ = models.load_language_model(spec.argument);
    hash_ = sha256(str_cat("guard\n", dump_json(format_.to_json()), "\n", model_->info().dtype, "\n",
                           models.hash_of(spec.argument)));
  }

  std::string name() const override { return name_; }
  std::string hash() const override { return hash_; }
  // It has no notion of language: whether it was trained on one cannot be asked.
  std::optional<Unscored> refusal(const std::string&) const override { return std::nullopt; }
  size_t texts_a_call() const override { return kBlock; }

  std::vector<ScoreResult> score(std::span<const ScoreRequest> requests) override {
    return scored_in_blocks(requests, kBlock, [&](const std::vector<std::string>& texts) {
      std::vector<LogLikelihoodRequest> verdicts;
      for (const std::string& text : texts) add_verdicts(text, verdicts);
      const auto likelihoods = model_->log_likelihood(verdicts);
      XLT_CHECK(likelihoods.size() == verdicts.size(), likelihoods.size(), " for ", texts.size(), " texts");
      std::vector<ScoreResult> results;
      for (size_t i = 0; i < texts.size(); ++i)
        results.push_back(verdict_of(likelihoods[2 * i], likelihoods[2 * i + 1]));
      return results;
    });
  }

 private:
  void add_verdicts(const std::string& text, std::vector<LogLikelihoodRequest>& requests) const {
    const std::string prompt =
        template_->render(format_.conversation(text), /*add_generation_prompt=*/true, name_);
    // A template may put the space before the verdict itself.
    const std::string lead = prompt.ends_with(format_.lead) ? "" : format_.lead;
    for (const std::string& verdict : {format_.unsafe, format_.safe})
      requests.push_back({.context = prompt, .continuation = lead + verdict, .is_rendered = true});
  }

  static ScoreResult verdict_of(const LogLikelihood& unsafe, const LogLikelihood& safe) {
    if (unsafe.num_tokens == 0 || safe.num_tokens == 0) return Unscored{Reason::kNoProbability};
    return Score{1 / (1 + std::exp(safe.log_likelihood - unsafe.log_likelihood))};
  }

  std::unique_ptr<ChatTemplate> template_;
  GuardFormat format_;
  std::string name_, hash_;
  std::unique_ptr<LanguageModel> model_;
};

}  // namespace

std::unique_ptr<LanguageModel> ScorerModels::load_language_model(const std::filesystem::path& model) {
  throw Error(ErrorKind::kUsage, "no language model can be loaded here, as guard:DIR needs", model.string());
}

std::unique_ptr<TextScorer> make_guard_scorer(const ScorerSpec& spec, const ScorerServices& services) {
  if (spec.argument.empty())
    throw Error(ErrorKind::kUsage, "no folder; expected guard:DIR or guard:DIR#FORMAT", "--scorer guard");
  XLT_CHECK(services.models != nullptr, "a guard is asked for where no models can be loaded");
  return std::make_unique<GuardScorer>(spec, *services.models);
}

}  // namespace xlt
