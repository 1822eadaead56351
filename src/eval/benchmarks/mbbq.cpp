// SPDX-License-Identifier: Apache-2.0
// MBBQ (Neplenbroek et al. 2024): questions about people, ambiguous and disambiguated, in en es nl tr, each
// by five prompts; greedy answers whose option is detected by the published rules
// (eval/mbbq/answer_detection.h), figures as in eval/mbbq/bias.h. Figures count the templates that the model
// understands by its control sets, which are asked in all four languages; rates and accuracies count every
// question. Items hold the language's control questions too ("control": true).
#include "eval/factories.h"
#include "eval/language_files.h"
#include "eval/mbbq/bias.h"
#include "eval/mbbq/control_sets.h"

#include <algorithm>
#include <span>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/json_or_null.h"

namespace xlt {

namespace {

Json detail_of(const MbbqQuestion& question, const MbbqAnswers& answers) {
  if (!question.unscored.empty())
    return {{"control", question.set == MbbqSet::kControl},
            {"subset", question.subset},
            {"template", question.template_name()}};
  Json list = Json::array();
  for (const MbbqAnswer& answer : answers.by_prompt) list.push_back(answer.to_json());
  Json detail{{"control", question.set == MbbqSet::kControl},
              {"subset", question.subset},
              {"template", question.template_name()},
              {"context_condition", question.is_ambiguous ? "ambig" : "disambig"},
              {"question_polarity", question.is_negative ? "neg" : "nonneg"},
              {"context", question.context},
              {"question", question.question},
              {"options", question.options},
              {"label", question.label},
              {"unknown", question.unknown},
              {"target", json_or_null(question.target)},
              {"answers", list}};
  return detail;
}

std::vector<ScoredItem> items_of(const std::vector<MbbqQuestion>& questions,
                                 const std::vector<MbbqAnswers>& answers) {
  std::vector<ScoredItem> items;
  for (size_t i = 0; i < questions.size(); ++i)
    items.push_back({questions[i].id,
                     std::make_shared<Json>(detail_of(questions[i], answers[i])),
                     {},
                     answers[i].unscored});
  return items;
}

class Mbbq : public Benchmark {
 public:
  std::string description() const override {
    return "stereotype or knowledge in answers to questions about people";
  }
  // Built-in phrases decide what is detected.
  std::string version() const override {
    std::string phrases;
    for (const BuiltInPhrases& built_in : std::span(kBuiltInMbbqPhrases, kNumBuiltInMbbqPhrases))
      phrases += built_in.json;
    return "1." + sha256(phrases).substr(0, 12);
  }
  void visit(OptionVisitor& v) override {
    v.field(
        "mbbq_phrases", phrases_,
        "folder of {lang}.json with MBBQ's prompts and the phrases that answers are found by, of the form "
        "of configs/mbbq; empty: those");
    v.field("mbbq_templates", templates_,
            "which of MBBQ's question templates the bias figures count. model: those whose control questions "
            "the model answers above chance in all four languages, as published; all: all, and no control "
            "questions are asked; an evaluation's output folder: of the model's own those that were "
            "understood there too, so that both are compared on the same");
    v.field("mbbq_tokens", max_new_tokens_, "longest answer to a question of MBBQ, in tokens",
            between(1, 10'000'000));
  }
  std::vector<SummarySubject> summary() const override {
    return {{"bias_ambig", "bias where the context does not say (MBBQ)"},
            {"stereotype_ambig", "stereotype where the context does not say (MBBQ)"}};
  }
  std::vector<std::string> languages(const std::filesystem::path&) const override {
    return {kMbbqLanguages.begin(), kMbbqLanguages.end()};
  }
  std::vector<std::filesystem::path> files(const std::filesystem::path& data,
                                           const std::string& language) const override {
    auto files = mbbq_files(data, language, MbbqSet::kMain);
    if (asks_controls())
      for (const char* other : kMbbqLanguages)
        for (auto& file : mbbq_files(data, other, MbbqSet::kControl)) files.push_back(std::move(file));
    return files;
  }
  std::vector<std::filesystem::path> other_files(const std::filesystem::path&) const override {
    std::vector<std::filesystem::path> files;
    for (const std::string language : kMbbqLanguages) {
      if (!phrases_.empty()) files.push_back(std::filesystem::path(phrases_) / (language + ".json"));
      if (has_common_templates())
        files.push_back(std::filesystem::path(templates_) / "items" / "mbbq" / (language + ".jsonl"));
    }
    return files;
  }

  std::vector<ScoredItem> score(const CellInput& input) const override {
    const auto main_files = std::span(input.files).first(kMbbqSubsets.size());
    const auto questions =
        read_mbbq_questions({main_files.begin(), main_files.end()}, MbbqSet::kMain, input.options);
    const MbbqPhrases phrases = mbbq_phrases_for(input.language, phrases_);
    std::optional<std::set<std::string>> understood;
    if (asks_controls()) understood = understood_by(input);
    const auto answers = ask_mbbq({*input.services.lm, phrases, input.language, max_new_tokens_}, questions);
    std::vector<ScoredItem> items = items_of(questions, answers);
    add_mbbq_ratios(questions, answers, understood ? &*understood : nullptr, items);
    if (!understood) return items;
    for (size_t i = 0; i < items.size(); ++i)
      (*items[i].detail)["understood"] = understood->contains(questions[i].template_name());
    const MbbqControlSet& own = control_set(input.language, input);
    std::vector<ScoredItem> control_items = items_of(own.questions, own.answers);
    add_mbbq_control_ratios(own.questions, own.answers, control_items);
    std::move(control_items.begin(), control_items.end(), std::back_inserter(items));
    return items;
  }

  std::vector<MetricSpec> metrics(Scoring scoring, const EvalOptions&) const override {
    return mbbq_metrics(scoring);
  }

 private:
  bool asks_controls() const { return templates_ != "all"; }
  bool has_common_templates() const { return asks_controls() && templates_ != "model"; }
  const MbbqControlSet& control_set(const std::string& language, const CellInput& input) const {
    return controls_.of(language, input, phrases_, max_new_tokens_);
  }

  std::set<std::string> understood_by(const CellInput& input) const {
    std::vector<std::map<std::string, Ratio>> by_language;
    for (const char* language : kMbbqLanguages) {
      const MbbqControlSet& set = control_set(language, input);
      by_language.push_back(template_accuracy(set.questions, set.answers));
    }
    std::set<std::string> understood = understood_templates(by_language);
    if (has_common_templates()) {
      const auto there = templates_of_evaluation(templates_, input.language);
      std::erase_if(understood, [&](const std::string& name) { return !there.contains(name); });
    }
    return understood;
  }

  std::string phrases_, templates_ = "model";
  int64_t max_new_tokens_ = 100;
  mutable MbbqControlSets controls_;
};

}  // namespace

std::unique_ptr<Benchmark> make_mbbq_benchmark() { return std::make_unique<Mbbq>(); }

}  // namespace xlt
