// SPDX-License-Identifier: Apache-2.0
// A scorer that remembers its scores in a folder: by text, language and the scorer's hash, so that a text is
// judged once however often it is asked about. What was unscored is asked again, since the reason may have
// gone.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <unordered_map>

#include "xlt/scorers/forwarding_scorer.h"

namespace xlt {

// Files FOLDER/<scorer hash>/<language>.jsonl, rewritten whole (temp then rename) after every call that
// scored something, one that failed half-way too, and every two seconds of a long one. Damaged ones count as
// missing.
class ScoreCache final : public ForwardingScorer {
 public:
  // kLookUp, for estimates: knows what is there, asks about all else, equal texts too, and keeps nothing.
  enum class Use { kKeep, kLookUp };
  // `scorer` must live as long.
  ScoreCache(TextScorer& scorer, const std::filesystem::path& folder, Use use = Use::kKeep);
  std::vector<ScoreResult> score(std::span<const ScoreRequest> requests) override;

 private:
  using Scores = std::unordered_map<std::string, double>;  // by the text's hash
  Scores& scores_of(const std::string& language);
  // Asks about texts that are not known, and keeps their scores.
  std::vector<ScoreResult> ask(std::span<const ScoreRequest> requests);
  void save(const std::string& language) const;
  std::filesystem::path file_of(const std::string& language) const;
  std::filesystem::path folder_;
  Use use_;
  std::map<std::string, Scores> by_language_;
};

}  // namespace xlt
