// SPDX-License-Identifier: Apache-2.0
// Several scorers at once, told apart by name.
#include <algorithm>
#include <filesystem>

#include "xlt/base/error.h"
#include "xlt/scorers/forwarding_scorer.h"

namespace xlt {

namespace {

// A scorer under another name.
class RenamedScorer final : public ForwardingScorer {
 public:
  RenamedScorer(std::unique_ptr<TextScorer> scorer, std::string name)
      : ForwardingScorer(*scorer), owned_(std::move(scorer)), name_(std::move(name)) {}
  std::string name() const override { return name_; }

 private:
  std::unique_ptr<TextScorer> owned_;
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
