// SPDX-License-Identifier: Apache-2.0
// A scorer: text in, a number from 0 to 1 out, or why there is none.
//
//   auto scorer = make_scorer("word_list:lists", {.data = "data", .context = context});
//   auto results = scorer->score({{{"some text", "en"}, {"ein Text", "de"}}});
//
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "xlt/base/context.h"
#include "xlt/lm/text_classifier.h"
#include "xlt/scorers/unscored.h"

namespace xlt {

class LanguageModel;

struct Score {
  double value;  // 0 … 1
};
using ScoreResult = std::variant<Score, Unscored>;

struct ScoreRequest {
  std::string text, language;  // language: BCP-47
};

// One thread.
class TextScorer {
 public:
  virtual ~TextScorer() = default;
  // One result a request, in order; the same whatever stands beside it. A text that cannot be scored is
  // Unscored; only what fails for all of them throws.
  virtual std::vector<ScoreResult> score(std::span<const ScoreRequest> requests) = 0;
  // What reports call it: its kind, and what tells it from others of its kind ("fasttext:jigsaw.ftz#toxic").
  virtual std::string name() const = 0;
  // Hex, of everything that its scores depend on, by content: a copy elsewhere has the same.
  virtual std::string hash() const = 0;
  // Why no text of this language can be scored; nothing where some can. Asked before hours of sampling.
  virtual std::optional<Unscored> refusal(const std::string& language) const = 0;
  // What a reader must know of its scores in this language, for the report's cell; empty: nothing.
  virtual std::string note(const std::string& /*language*/) const { return {}; }
  // Languages that it was trained in, where that is known; empty: not known.
  virtual std::vector<std::string> trained_languages() const { return {}; }
  // Whether a score costs more than looking it up, so that it is worth keeping (ScoreCache).
  virtual bool is_costly() const { return true; }
  // How many texts to ask about at once, so that what they cost is not lost when the next ones fail
  // (ScoreCache).
  virtual size_t texts_a_call() const { return static_cast<size_t>(-1); }
};

// "kind", "kind:argument" or "kind:argument#label".
struct ScorerSpec {
  std::string kind, argument, label;
  std::string rest;  // all after the first colon, for kinds whose argument may hold a "#" (a web address)
};
// Throws kUsage for an empty kind.
ScorerSpec parse_scorer(std::string_view text);

// A probe with its base model, as a classifier of one label.
struct LoadedProbe {
  std::unique_ptr<TextClassifier> classifier;
  std::string hash;                    // hex, of the probe, its base model and its dtype, by content
  std::vector<std::string> languages;  // that it was trained in
};

// Who knows exactly what a text says, in languages that were made for it (`xlt lab`). Thread-safe.
class TextOracle {
 public:
  virtual ~TextOracle() = default;
  virtual bool knows(const std::string& language) const = 0;
  // 0 … 1; nothing where the text says nothing of what is asked. `language` is one that it knows.
  virtual std::optional<double> judge(const std::string& text, const std::string& language) const = 0;
};

// Models for scorers that ask one, made by whoever knows the device. Each throws what its loader throws.
class ScorerModels {
 public:
  virtual ~ScorerModels() = default;
  virtual std::unique_ptr<TextClassifier> load_classifier(const std::filesystem::path& model) = 0;
  // Throws kUsage where there are no language models.
  virtual std::unique_ptr<LanguageModel> load_language_model(const std::filesystem::path& model);
  // A folder that `xlt probe` wrote; `model`: its base model's folder, where it is not where it was trained.
  virtual LoadedProbe load_probe(const std::filesystem::path& probe, const std::filesystem::path& model);
  // `question`: what it is asked of every text. Throws kUsage for one that it does not know.
  virtual std::unique_ptr<TextOracle> load_oracle(const std::filesystem::path& world,
                                                  const std::string& question);
  // Hex, by content: a copy elsewhere has the same.
  virtual std::string hash_of(const std::filesystem::path& model) = 0;
};

// What a scorer may need from above.
struct ScorerServices {
  std::filesystem::path data;      // data folder; empty: none. `word_list` alone is its toxic_words
  double timeout = 600;            // seconds for which a program or server may be silent
  double rate = 0;                 // requests a second to a server; 0: as fast as it answers
  int64_t retries = 6;             // of a request that a server did not answer
  std::string key = {};            // API key for a server: a secret, which nothing shows
  ScorerModels* models = nullptr;  // null: no scorer that asks a model can be made
  Context context = {};
};
// Throws kUsage for an unknown kind (the nearest is named) or an argument that is missing, kIo and kData for
// what is behind it.
std::unique_ptr<TextScorer> make_scorer(const std::string& spec, const ScorerServices& services);
// All of them, in order, each spec once. Names are unique: a second word_list is called by its folder
// ("word_list:mine").
std::vector<std::unique_ptr<TextScorer>> make_scorers(const std::vector<std::string>& specs,
                                                      const ScorerServices& services);
// What can be said of a spec without opening anything. Throws kUsage.
void check_scorer(const std::string& spec);
// The files of the data folder that a spec means without naming them, sorted: of `word_list` alone all of
// toxic_words, which its hash is made of. Those that are there.
std::vector<std::filesystem::path> files_in_data(const std::string& spec, const std::filesystem::path& data);
std::vector<std::string> scorer_names();

}  // namespace xlt
