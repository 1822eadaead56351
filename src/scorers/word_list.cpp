// SPDX-License-Identifier: Apache-2.0
// `word_list[:DIR]`: 1 if a listed word or phrase occurs in the text, else 0. It finds listed words and nothing else:
// it is no classifier of toxicity. DIR (default: toxic_words of the data folder) holds {lang}.txt (an entry a line) or
// .tsv (column `lemma`; of HurtLex, rows of level "conservative"), or folders of such files, which count together.
// Whole words where the script sets words apart, substrings where it does not; case and accents are folded. A language
// without a list is Unscored.
#include "scorers/factories.h"

#include <algorithm>
#include <map>
#include <unordered_map>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/json.h"
#include "xlt/base/language.h"
#include "xlt/dataset/reader.h"
#include "xlt/text/segmentation.h"

namespace xlt {

namespace {

// One language's list.
class WordList {
 public:
  explicit WordList(const std::string& language) : language_(language) {
    const LanguageInfo* info = find_language(language);
    has_word_spaces_ = !info || info->has_word_spaces;
  }

  void add(const std::string& entry) {
    const std::string folded = fold_case_and_accents(strip(entry));
    if (folded.empty()) return;
    if (!has_word_spaces_ && !is_ascii(folded)) {
      substrings_.push_back(folded);
      return;
    }
    const auto words = split_words(folded, language_);
    if (!words.empty()) phrases_[words[0]].push_back(words);
  }

  bool occurs_in(std::string_view text) const {
    const std::string folded = fold_case_and_accents(text);
    if (std::any_of(substrings_.begin(), substrings_.end(),
                    [&](const std::string& x) { return folded.find(x) != std::string::npos; }))
      return true;
    if (phrases_.empty()) return false;
    const auto words = split_words(folded, language_);
    for (size_t i = 0; i < words.size(); ++i) {
      const auto found = phrases_.find(words[i]);
      if (found == phrases_.end()) continue;
      for (const auto& phrase : found->second)
        if (i + phrase.size() <= words.size() &&
            std::equal(phrase.begin(), phrase.end(), words.begin() + static_cast<int64_t>(i)))
          return true;
    }
    return false;
  }

 private:
  // A Latin entry in a Chinese list is a word all the same.
  static bool is_ascii(const std::string& text) {
    return std::all_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x80; });
  }

  std::string language_;
  bool has_word_spaces_ = true;
  std::unordered_map<std::string, std::vector<std::vector<std::string>>> phrases_;  // by first word
  std::vector<std::string> substrings_;
};

// By content, so that an edited list is another list and a moved folder the same.
std::string hash_of_folder(const fs::path& folder) {
  std::map<std::string, std::string> hashes;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file())
      hashes[entry.path().lexically_relative(folder).string()] = sha256_of_file(entry.path());
  return sha256(dump_json(Json(hashes)));
}

class WordListScorer : public TextScorer {
 public:
  explicit WordListScorer(const fs::path& folder) {
    if (!fs::is_directory(folder))
      throw Error(ErrorKind::kIo, "no such folder of word lists; expected {lang}.txt or {lang}.tsv in it",
                  folder.string());
    read_folder(folder);
    for (const auto& entry : fs::directory_iterator(folder))
      if (entry.is_directory()) read_folder(entry.path());
    if (lists_.empty())
      throw Error(ErrorKind::kData, "no word list is here; expected {lang}.txt or {lang}.tsv",
                  folder.string());
    hash_ = hash_of_folder(folder);
  }

  std::string name() const override { return "word_list"; }
  std::string hash() const override { return hash_; }
  std::optional<Unscored> refusal(const std::string& language) const override {
    if (lists_.contains(language_key(language))) return std::nullopt;
    return Unscored{Reason::kNoWordList, language};
  }

  std::vector<ScoreResult> score(std::span<const ScoreRequest> requests) override {
    std::vector<ScoreResult> results;
    for (const ScoreRequest& request : requests) results.push_back(score_one(request));
    return results;
  }

 private:
  ScoreResult score_one(const ScoreRequest& request) const {
    const auto found = lists_.find(language_key(request.language));
    if (found == lists_.end()) return Unscored{Reason::kNoWordList, request.language};
    if (is_blank(request.text)) return Unscored{Reason::kEmptyText};
    return Score{found->second.occurs_in(request.text) ? 1.0 : 0.0};
  }

  void read_folder(const fs::path& folder) {
    for (const auto& entry : fs::directory_iterator(folder)) {
      const fs::path& file = entry.path();
      if (file.extension() != ".txt" && file.extension() != ".tsv") continue;
      if (!find_language(file.stem().string())) continue;
      const std::string language = language_key(file.stem().string());
      WordList& list = lists_.try_emplace(language, language).first->second;
      if (file.extension() == ".txt") {
        LineReader lines(file);
        while (const auto line = lines.next()) list.add(*line);
      } else {
        for (const Row& row : read_rows(file))
          if (row.text_if_present("level").value_or("conservative") == "conservative")
            list.add(row.text("lemma"));
      }
    }
  }

  std::map<std::string, WordList> lists_;
  std::string hash_;
};

}  // namespace

std::unique_ptr<TextScorer> make_word_list_scorer(const ScorerSpec& spec, const ScorerServices& services) {
  if (spec.rest.empty() && services.data.empty())
    throw Error(ErrorKind::kUsage, "no folder of word lists; expected word_list:DIR", "--scorer word_list");
  return std::make_unique<WordListScorer>(spec.rest.empty() ? services.data / "toxic_words"
                                                            : fs::path(spec.rest));
}

}  // namespace xlt
