// SPDX-License-Identifier: Apache-2.0
#include "xlt/lab/languages.h"

#include <algorithm>
#include <set>

#include "xlt/base/error.h"
#include "xlt/base/language.h"
#include "xlt/base/registry.h"

namespace xlt {

namespace {

const std::vector<std::string> kOrders = {"svo", "sov", "vso", "vos", "osv", "ovs"};

std::vector<std::string> all_orders() {
  std::vector<std::string> orders = kOrders;
  for (const std::string& order : kOrders) orders.push_back(order + "+");
  return orders;
}

// A share is a ratio to the others': beyond this they would have no document.
constexpr double kMostRelative = 1e6;

// Concepts are numbered subject, verb, object.
int role_of(char letter) { return letter == 's' ? 0 : letter == 'v' ? 1 : 2; }

}  // namespace

void LanguageDials::visit(OptionVisitor& v) {
  v.field("tag", tag, "BCP-47 tag, of those for private use: qaa to qtz");
  v.field("share", share, "of the pretraining documents, relative to the others'; 0: never seen",
          between(0, kMostRelative));
  v.field("vocabulary", vocabulary,
          "of the text that the tokenizer is trained on, relative to the others': with less of it a word "
          "takes more tokens",
          between(0, kMostRelative));
  v.field("overlap", overlap, "share of its words that are language 1's", between(0, 1));
  v.field("order", order,
          "of subject, verb and object; with + behind it a reply's name comes before its quality",
          one_of(all_orders()));
  v.field("script", script, "letters that it is written in", one_of(script_names()));
  v.field("bilingual", bilingual, "share of its documents that are bilingual with language 1", between(0, 1));
  v.field("bilingual_kind", bilingual_kind,
          "parallel: each sentence, and then in language 1; code_switched: each word in one or the other",
          one_of({"parallel", "code_switched"}));
  v.field("placebo", placebo, "does nothing; an analysis that finds an effect of it finds chance");
}

void check_dials(const std::vector<LanguageDials>& dials) {
  const auto refuse = [](const std::string& message, const LanguageDials& of) {
    throw Error(ErrorKind::kConfig, message, str_cat("languages: \"", of.tag, "\""));
  };
  std::set<std::string> tags;
  for (const LanguageDials& one : dials) {
    const bool is_private = one.tag.size() == 3 && one.tag[0] == 'q' && find_language(one.tag) != nullptr;
    if (!is_private) refuse("a tag for private use is expected, qaa to qtz", one);
    if (!tags.insert(one.tag).second) refuse("two languages have this tag", one);
  }
  if (dials.empty()) throw Error(ErrorKind::kConfig, "there is no language", "languages");
  const LanguageDials& first = dials.front();
  if (first.share <= 0 || first.vocabulary <= 0)
    refuse("language 1 needs a share of the documents and of the vocabulary, above 0", first);
  if (first.overlap > 0 || first.bilingual > 0)
    refuse("language 1 has no overlap with itself and no bilingual documents: leave both out", first);
}

Language::Language(const Grammar& grammar, LanguageDials dials, std::vector<std::string> forms)
    : grammar_(&grammar), dials_(std::move(dials)), forms_(std::move(forms)) {
  for (size_t i = 0; i < forms_.size(); ++i) concepts_[forms_[i]] = static_cast<int32_t>(i);
  for (int at = 0; at < 3; ++at) roles_[at] = role_of(dials_.order[at]);
  name_first_ = dials_.order.ends_with('+');
}

std::optional<int32_t> Language::concept_of(std::string_view word) const {
  const auto found = concepts_.find(std::string(word));
  return found == concepts_.end() ? std::nullopt : std::optional(found->second);
}

std::array<int32_t, 3> Language::in_order(const Sentence& sentence) const {
  const auto& concepts = sentence.concepts;
  if (sentence.kind == SentenceKind::kReply)
    return name_first_ ? std::array{concepts[1], concepts[0], -1} : std::array{concepts[0], concepts[1], -1};
  return {concepts[roles_[0]], concepts[roles_[1]], concepts[roles_[2]]};
}

void Language::append(const Sentence& sentence, std::string& text) const {
  const auto order = in_order(sentence);
  for (int at = 0; at < sentence.size(); ++at) {
    text += forms_[order[at]];
    text += ' ';
  }
  text += sentence.kind == SentenceKind::kProvocation ? '?' : '.';
}

std::string Language::realise(const Sentence& sentence) const {
  std::string text;
  append(sentence, text);
  return text;
}

std::string Language::realise(const Meaning& meaning) const {
  std::string text;
  for (const Sentence& sentence : meaning) {
    if (!text.empty()) text += ' ';
    append(sentence, text);
  }
  return text;
}

std::optional<Sentence> Language::sentence_of(const std::vector<int32_t>& words, bool is_question) const {
  Sentence sentence{SentenceKind::kReply, {-1, -1, -1}};
  if (words.size() == 2) {
    sentence.concepts[0] = words[name_first_ ? 1 : 0];
    sentence.concepts[1] = words[name_first_ ? 0 : 1];
  } else if (words.size() == 3) {
    for (int at = 0; at < 3; ++at) sentence.concepts[roles_[at]] = words[at];
    const ConceptKind verb = grammar_->kind_of(sentence.concepts[1]);
    sentence.kind = verb == ConceptKind::kAction   ? SentenceKind::kAction
                    : verb == ConceptKind::kCopula ? SentenceKind::kAttribute
                                                   : SentenceKind::kProvocation;
  }
  if (!grammar_->is_well_formed(sentence)) return std::nullopt;
  if (is_question != (sentence.kind == SentenceKind::kProvocation)) return std::nullopt;
  return sentence;
}

std::optional<Sentence> Language::parse_sentence(std::string_view text) const {
  const auto meaning = parse(text);
  return meaning && meaning->size() == 1 ? std::optional(meaning->front()) : std::nullopt;
}

std::optional<Meaning> Language::parse(std::string_view text) const {
  Meaning meaning;
  std::vector<int32_t> words;
  for (const std::string_view word : words_of(text)) {
    if (!is_mark(word)) {
      const auto found = concept_of(word);
      if (!found || words.size() == 3) return std::nullopt;
      words.push_back(*found);
      continue;
    }
    const auto sentence = sentence_of(words, word == "?");
    if (!sentence) return std::nullopt;
    meaning.push_back(*sentence);
    words.clear();
  }
  return words.empty() && !meaning.empty() ? std::optional(meaning) : std::nullopt;
}

std::vector<std::string_view> words_of(std::string_view text) {
  constexpr std::string_view kSpaces = " \t\r\n";
  std::vector<std::string_view> words;
  for (size_t begin = text.find_first_not_of(kSpaces); begin != std::string_view::npos;) {
    const size_t end = std::min(text.find_first_of(kSpaces, begin), text.size());
    words.push_back(text.substr(begin, end - begin));
    begin = text.find_first_not_of(kSpaces, end);
  }
  return words;
}

bool is_mark(std::string_view word) { return word == "." || word == "?"; }

}  // namespace xlt
