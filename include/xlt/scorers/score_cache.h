// SPDX-License-Identifier: Apache-2.0
// A scorer that remembers its scores in a folder: by text, language and the scorer's hash, so that a text is
// judged once however often it is asked about. What was unscored is asked again, since the reason may have
// gone.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <unordered_map>

#include "xlt/scorers/scorer.h"

namespace xlt {

// Files FOLDER/<scorer hash>/<language>.jsonl, rewritten whole (temp then rename) after every call that
// scored something, one that failed half-way too, and every two seconds of a long one. Damaged ones count as
// missing.
class ScoreCache final : public TextScorer {
 public:
  // `scorer` must live as long.
  ScoreCache(TextScorer& scorer, const std::filesystem::path& folder);
  std::vector<ScoreResult> score(std::span<const ScoreRequest> requests) override;
  std::string name() const override { return scorer_.name(); }
  std::string hash() const override { return scorer_.hash(); }
  std::optional<Unscored> refusal(const std::string& language) const override {
    return scorer_.refusal(language);
  }
  std::string note(const std::string& language) const override { return scorer_.note(language); }
  std::vector<std::string> trained_languages() const override { return scorer_.trained_languages(); }
  bool is_costly() const override { return scorer_.is_costly(); }
  size_t texts_a_call() const override { return scorer_.texts_a_call(); }

 private:
  using Scores = std::unordered_map<std::string, double>;  // by the text's hash
  Scores& scores_of(const std::string& language);
  // Asks about texts that are not known, and keeps their scores.
  std::vector<ScoreResult> ask(std::span<const ScoreRequest> requests);
  void save(const std::string& language) const;
  std::filesystem::path file_of(const std::string& language) const;
  TextScorer& scorer_;
  std::filesystem::path folder_;
  std::map<std::string, Scores> by_language_;
};

}  // namespace xlt
