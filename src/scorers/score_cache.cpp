// SPDX-License-Identifier: Apache-2.0
#include "xlt/scorers/score_cache.h"

#include <algorithm>
#include <map>
#include <set>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/json.h"

namespace xlt {

namespace {

constexpr size_t kFolderNameLength = 16, kTextHashLength = 32;
constexpr double kSecondsBetweenSaves = 2;  // a file is written whole, so not after every text

std::string text_hash(const std::string& text) { return sha256(text).substr(0, kTextHashLength); }

}  // namespace

ScoreCache::ScoreCache(TextScorer& scorer, const fs::path& folder, Use use)
    : ForwardingScorer(scorer), folder_(folder / scorer.hash().substr(0, kFolderNameLength)), use_(use) {}

fs::path ScoreCache::file_of(const std::string& language) const { return folder_ / (language + ".jsonl"); }

ScoreCache::Scores& ScoreCache::scores_of(const std::string& language) {
  const auto [found, is_new] = by_language_.try_emplace(language);
  Scores& scores = found->second;
  if (!is_new || !fs::exists(file_of(language))) return scores;
  try {
    LineReader lines(file_of(language));
    while (const auto line = lines.next()) {
      const Json row = parse_json(*line, lines.place());
      scores[row.at("text").get<std::string>()] = row.at("score").get<double>();
    }
  } catch (const std::exception&) {
    scores.clear();  // damaged: as good as missing
  }
  return scores;
}

void ScoreCache::save(const std::string& language) const {
  make_folders(folder_);
  AtomicFile out(file_of(language));
  // Sorted, so that a run that was killed and went on leaves the bytes of one that was not.
  const Scores& scores = by_language_.at(language);
  for (const auto& [text, score] : std::map<std::string, double>(scores.begin(), scores.end()))
    out.write(dump_json(Json{{"text", text}, {"score", score}}) + "\n");
  out.commit();
}

std::vector<ScoreResult> ScoreCache::score(std::span<const ScoreRequest> requests) {
  std::vector<ScoreResult> results(requests.size(), Unscored{Reason::kNotMeasured});
  std::vector<std::string> hashes;
  std::vector<ScoreRequest> asked;
  std::unordered_map<std::string, size_t> place_of;  // language and hash → place in `asked`
  std::vector<std::pair<size_t, size_t>> open;       // request, its place in `asked`
  for (size_t i = 0; i < requests.size(); ++i) {
    hashes.push_back(text_hash(requests[i].text));
    const Scores& known = scores_of(requests[i].language);
    if (const auto found = known.find(hashes[i]); found != known.end()) {
      results[i] = Score{found->second};
      continue;
    }
    const auto [place, is_new] = place_of.try_emplace(requests[i].language + " " + hashes[i], asked.size());
    // In an estimate equal texts may stand for different ones.
    if (is_new || use_ == Use::kLookUp) {
      place->second = asked.size();
      asked.push_back(requests[i]);
    }
    open.emplace_back(i, place->second);
  }
  if (asked.empty()) return results;
  const auto answers = use_ == Use::kLookUp ? scorer_.score(asked) : ask(asked);
  for (const auto& [request, place] : open) results[request] = answers[place];
  return results;
}

std::vector<ScoreResult> ScoreCache::ask(std::span<const ScoreRequest> requests) {
  std::vector<ScoreResult> results;
  std::set<std::string> changed;
  double saved_at = monotonic_seconds();
  const auto save_changed = [&] {
    for (const std::string& language : changed) save(language);
    changed.clear();
    saved_at = monotonic_seconds();
  };
  try {
    while (results.size() < requests.size()) {
      const auto part = requests.subspan(results.size(),
                                         std::min(scorer_.texts_a_call(), requests.size() - results.size()));
      const auto answers = scorer_.score(part);
      XLT_CHECK(answers.size() == part.size(), answers.size(), " scores for ", part.size(), " texts");
      for (size_t i = 0; i < part.size(); ++i) {
        results.push_back(answers[i]);
        const auto* score = std::get_if<Score>(&answers[i]);
        if (!score) continue;
        by_language_[part[i].language][text_hash(part[i].text)] = score->value;
        changed.insert(part[i].language);
      }
      if (monotonic_seconds() - saved_at > kSecondsBetweenSaves) save_changed();
    }
  } catch (...) {
    save_changed();
    throw;
  }
  save_changed();
  return results;
}

}  // namespace xlt
