// SPDX-License-Identifier: Apache-2.0
// Invented languages for one grammar of meanings, each with dials of its own: how much of it there is, how
// much of the tokenizer's vocabulary it gets, how many words it shares with language 1, word order, script,
// bilingual text. Everything follows from the dials and a seed.
//
//   const LabWorld world(grammar, dials, seed);             // dials[0] is language 1
//   const Language& second = world.languages()[1];
//   std::string text = second.realise(meaning);          // "mopa tiku rela . …"
//   auto meaning = second.parse(text);                   // the same meaning
//
// Immutable: any thread.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "xlt/base/config.h"
#include "xlt/base/json_fwd.h"
#include "xlt/lab/grammar.h"

namespace xlt {

struct LanguageDials {
  std::string tag;   // of private use: qaa … qtz
  double share = 1;  // of the pretraining documents, relative to the others'; 0: never seen
  double vocabulary =
      1;  // of the text that the tokenizer is trained on, relative: less of it, more tokens a word
  double overlap = 0;         // share of its words that are language 1's
  std::string order = "svo";  // any order of s, v, o; "+" behind it: a reply's name before its quality
  std::string script = "latin";
  double bilingual = 0;                     // share of its documents that are bilingual with language 1
  std::string bilingual_kind = "parallel";  // parallel | code_switched
  double placebo = 0;                       // does nothing: what an analysis finds of it is chance
  void visit(OptionVisitor& v);
};
// Throws kConfig naming the language, for tags that are taken or not for private use, orders and scripts
// that are none, and a language 1 that is never seen or overlaps with itself.
void check_dials(const std::vector<LanguageDials>& dials);
std::vector<std::string> script_names();

class Language {
 public:
  Language(const Grammar& grammar, LanguageDials dials, std::vector<std::string> forms);
  const LanguageDials& dials() const { return dials_; }
  const std::string& tag() const { return dials_.tag; }
  const std::string& form(int32_t concept_id) const { return forms_[concept_id]; }
  std::optional<int32_t> concept_of(std::string_view word) const;

  // A sentence's concepts in this language's order.
  std::array<int32_t, 3> in_order(const Sentence& sentence) const;
  // Words and the mark at the end, set apart by spaces: " ?" behind a provocation, " ." behind all else.
  void append(const Sentence& sentence, std::string& text) const;
  std::string realise(const Sentence& sentence) const;
  std::string realise(const Meaning& meaning) const;  // sentences set apart by spaces
  // The one meaning that a text has; nothing where it is not well-formed in this language.
  std::optional<Sentence> parse_sentence(std::string_view text) const;
  std::optional<Meaning> parse(std::string_view text) const;

 private:
  std::optional<Sentence> sentence_of(const std::vector<int32_t>& words, bool is_question) const;
  const Grammar* grammar_;
  LanguageDials dials_;
  std::vector<std::string> forms_;  // by concept
  std::unordered_map<std::string, int32_t> concepts_;
  std::array<int, 3> roles_{};  // which of subject, verb, object stands first, second, third
  bool name_first_ = false;
};

class LabWorld {
 public:
  LabWorld(const GrammarOptions& grammar, std::vector<LanguageDials> dials, uint64_t seed);
  LabWorld(const LabWorld&) = delete;
  LabWorld& operator=(const LabWorld&) = delete;
  const Grammar& grammar() const { return grammar_; }
  const std::vector<Language>& languages() const { return languages_; }
  const Language& source() const { return languages_.front(); }
  uint64_t seed() const { return seed_; }
  // nullptr where the world has no such language.
  const Language* find(std::string_view tag) const;
  // Share of the concepts whose word is written as in language 1.
  double overlap_of(const Language& language) const;

 private:
  Grammar grammar_;
  uint64_t seed_;
  std::vector<Language> languages_;
};

// {"kind": "xlt lab world", "seed", "grammar", "languages"}, both ways. Throws kData naming `where`.
Json to_json(const LabWorld& world);
std::unique_ptr<LabWorld> world_from_json(const Json& json, const std::string& where);
std::unique_ptr<LabWorld> load_world(const std::filesystem::path& file);

// The parts of a text between white space.
std::vector<std::string_view> words_of(std::string_view text);
bool is_mark(std::string_view word);  // "." or "?"

}  // namespace xlt
