// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/json.h"
#include "xlt/lab/corpus.h"

namespace xlt {

namespace {

std::string line_of(const Json& row) { return dump_json(row) + "\n"; }

// Every provocation that there is, shuffled.
std::vector<Sentence> shuffled_provocations(const LabWorld& world) {
  const Grammar& grammar = world.grammar();
  const int32_t people = grammar.size(ConceptKind::kPerson), groups = grammar.size(ConceptKind::kGroup);
  const int32_t words = grammar.size(ConceptKind::kProvocation);
  std::vector<Sentence> all;
  for (const int64_t i :
       Rng(world.seed()).fork("provocations").permutation(int64_t{people} * words * groups)) {
    const auto number = static_cast<int32_t>(i);
    all.push_back({SentenceKind::kProvocation,
                   {grammar.begin(ConceptKind::kPerson) + number / groups / words,
                    grammar.begin(ConceptKind::kProvocation) + number / groups % words,
                    grammar.begin(ConceptKind::kGroup) + number % groups}});
  }
  return all;
}

std::vector<Meaning> stories(const LabWorld& world, int64_t count) {
  Rng rng = Rng(world.seed()).fork("texts");
  std::vector<Meaning> meanings(static_cast<size_t>(count));
  for (Meaning& meaning : meanings)
    for (int64_t i = 0; i < world.grammar().options().sentences; ++i)
      meaning.push_back(world.grammar().draw_statement(rng));
  return meanings;
}

std::vector<Sentence> stereotypes(const LabWorld& world, int64_t count) {
  Rng rng = Rng(world.seed()).fork("stereotypes");
  std::vector<Sentence> sentences;
  for (int64_t i = 0; i < count; ++i) sentences.push_back(world.grammar().draw_attribute(rng, true));
  return sentences;
}

void write_prompts(const Language& language, const std::vector<Sentence>& prompts, int64_t count,
                   const fs::path& data) {
  std::string text;
  for (int64_t i = 0; i < count; ++i)
    text += line_of({{"id", str_cat(i)}, {"Prompt", language.realise(prompts[static_cast<size_t>(i)])}});
  write_file(data / "rtp_prompts" / (language.tag() + ".jsonl"), text);
}

void write_texts(const Language& language, const std::vector<Meaning>& meanings, const fs::path& data) {
  std::string text;
  for (size_t i = 0; i < meanings.size(); ++i)
    text += line_of({{"id", str_cat(i)}, {"text", language.realise(meanings[i])}});
  write_file(data / "udhr" / (language.tag() + ".jsonl"), text);
}

void write_sentence_pairs(const LabWorld& world, const Language& language,
                          const std::vector<Sentence>& sentences, const fs::path& data) {
  std::string text = ",sent_more,sent_less,stereo_antistereo,bias_type\n";
  for (size_t i = 0; i < sentences.size(); ++i)
    text += str_cat(i, ",", language.realise(sentences[i]), ",",
                    language.realise(world.grammar().opposite(sentences[i])), ",stereo,nationality\n");
  write_file(data / "crows_pairs" / (language.tag() + ".csv"), text);
}

void write_abusive_words(const LabWorld& world, const Language& language, const fs::path& data) {
  std::string text;
  for (int32_t i = 0; i < world.grammar().num_concepts(); ++i)
    if (world.grammar().is_abusive(i)) text += language.form(i) + "\n";
  write_file(data / "toxic_words" / "lab" / (language.tag() + ".txt"), text);
}

// `prompts` from `first` on, again and again where there are too few.
void write_training_data(const LabWorld& world, const std::vector<Sentence>& prompts, size_t first,
                         int64_t count, const fs::path& folder) {
  Rng rng = Rng(world.seed()).fork("pairs");
  const Language& source = world.source();
  std::string pairs, polite, counter;
  for (int64_t i = 0; i < count; ++i) {
    const auto at = first + static_cast<size_t>(i) % (prompts.size() - first);
    const std::string prompt = source.realise(prompts[at]);
    const std::string chosen = " " + source.realise(world.grammar().draw_reply(rng, false));
    pairs += line_of({{"prompt", prompt},
                      {"chosen", chosen},
                      {"rejected", " " + source.realise(world.grammar().draw_reply(rng, true))}});
    polite += line_of({{"text", prompt + chosen}});
    counter += line_of({{"text", source.realise(world.grammar().draw_attribute(rng, false))}});
  }
  write_file(folder / "pairs.jsonl", pairs);
  write_file(folder / "polite.jsonl", polite);
  write_file(folder / "counter_stereotypes.jsonl", counter);
}

void write_dials(const LabWorld& world, const fs::path& folder) {
  std::string text = "language,share,vocabulary,overlap,bilingual\n";
  for (const Language& language : world.languages()) {
    const LanguageDials& dials = language.dials();
    text += str_cat(dials.tag, ",", dials.share, ",", dials.vocabulary, ",", dials.overlap, ",",
                    dials.bilingual, "\n");
  }
  write_file(folder / "dials.csv", text);
}

// Of the corpus's documents, those in one language that could say `text`. A word that several languages share
// means the same in each.
double share_of_speakers(const LabWorld& world, std::string_view text) {
  double total = 0, speakers = 0;
  for (const Language& language : world.languages()) {
    total += language.dials().share;
    if (language.parse(text)) speakers += language.dials().share * (1 - language.dials().bilingual);
  }
  return speakers / total;
}

}  // namespace

void LabDataOptions::visit(OptionVisitor& v) {
  v.field("prompts", prompts, "provocations of rtp_prompts, of each language", at_least(1));
  v.field("texts", texts, "stories of udhr, of each language", at_least(1));
  v.field("sentence_pairs", sentence_pairs, "pairs of crows_pairs, of each language", at_least(1));
  v.field("training_pairs", training_pairs, "rows to finetune on, in language 1", at_least(1));
}

void write_lab_data(const LabWorld& world, const LabDataOptions& options, const fs::path& folder) {
  const fs::path data = folder / "data";
  for (const char* name : {"rtp_prompts", "udhr", "crows_pairs", "toxic_words/lab"})
    make_folders(data / name);
  const auto prompts = shuffled_provocations(world);
  if (options.prompts >= static_cast<int64_t>(prompts.size()))
    throw Error(
        ErrorKind::kConfig,
        str_cat("the grammar has ", prompts.size(), " provocations, and ", options.prompts,
                " of them are to be prompts, which leaves none to finetune on; let it have more people"),
        "data.prompts");
  const auto texts = stories(world, options.texts);
  const auto sentences = stereotypes(world, options.sentence_pairs);
  for (const Language& language : world.languages()) {
    write_prompts(language, prompts, options.prompts, data);
    write_texts(language, texts, data);
    write_sentence_pairs(world, language, sentences, data);
    write_abusive_words(world, language, data);
  }
  write_training_data(world, prompts, static_cast<size_t>(options.prompts), options.training_pairs, folder);
  write_dials(world, folder);
  write_file(folder / "world.json", dump_json(to_json(world), 1) + "\n");
}

double entropy_bits_per_byte(const LabWorld& world, const Language& language, const fs::path& folder) {
  const fs::path file = folder / "data" / "udhr" / (language.tag() + ".jsonl");
  LineReader lines(file);
  double bits = 0, bytes = 0;
  while (const auto line = lines.next()) {
    const Json row = parse_json(*line, lines.place());
    const std::string text = JsonView(row, lines.place()).at("text").as_string();
    const auto meaning = language.parse(text);
    if (!meaning) throw Error(ErrorKind::kData, "is no text of " + language.tag(), lines.place());
    const double share = share_of_speakers(world, text);
    bits -= world.grammar().log2_probability(*meaning) + (share > 0 ? std::log2(share) : 0);
    bytes += static_cast<double>(text.size());
  }
  return bits / bytes;
}

}  // namespace xlt
