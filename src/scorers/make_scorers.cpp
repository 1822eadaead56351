// SPDX-License-Identifier: Apache-2.0
// Several scorers at once, told apart by name.
#include <algorithm>
#include <filesystem>

#include "xlt/base/error.h"
#include "xlt/scorers/scorer.h"

namespace xlt {

namespace {

// A scorer under another name.
class RenamedScorer final : public TextScorer {
 public:
  RenamedScorer(std::unique_ptr<TextScorer> scorer, std::string name)
      : scorer_(std::move(scorer)), name_(std::move(name)) {}
  std::vector<ScoreResult> score(std::span<const ScoreRequest> requests) override {
    return scorer_->score(requests);
  }
  std::string name() const override { return name_; }
  std::string hash() const override { return scorer_->hash(); }
  std::optional<Unscored> refusal(const std::string& language) const override {
    return scorer_->refusal(language);
  }
  std::string note(const std::string& language) const override { return scorer_->note(language); }
  std::vector<std::string> trained_languages() const override { return scorer_->trained_languages(); }
  bool is_costly() const override { return scorer_->is_costly(); }
  size_t texts_a_call() const override { return scorer_->texts_a_call(); }

 private:
  std::unique_ptr<TextScorer> scorer_;
  std::string name_;
};

bool is_taken(const std::vector<std::unique_ptr<TextScorer>>& scorers, const std::string& name) {
  return std::any_of(scorers.begin(), scorers.end(),
                     [&](const auto& scorer) { return scorer->name() == name; });
}

}  // namespace

std::vector<std::unique_ptr<TextScorer>> make_scorers(const std::vector<std::string>& specs,
                                                      const ScorerServices& services) {
  std::vector<std::unique_ptr<TextScorer>> scorers;
  for (size_t i = 0; i < specs.size(); ++i) {
    if (std::find(specs.begin(), specs.begin() + static_cast<int64_t>(i), specs[i]) !=
        specs.begin() + static_cast<int64_t>(i))
      continue;
    auto scorer = make_scorer(specs[i], services);
    std::string name = scorer->name();
    const std::string folder = std::filesystem::path(parse_scorer(specs[i]).argument).filename().string();
    if (is_taken(scorers, name) && !folder.empty()) name = parse_scorer(specs[i]).kind + ":" + folder;
    const std::string stem = name;
    for (int copy = 2; is_taken(scorers, name); ++copy) name = str_cat(stem, " ", copy);
    if (name != scorer->name()) scorer = std::make_unique<RenamedScorer>(std::move(scorer), name);
    scorers.push_back(std::move(scorer));
  }
  return scorers;
}

}  // namespace xlt
