// SPDX-License-Identifier: Apache-2.0
#include "run/lab/make_world.h"

#include "xlt/base/atomic_folder.h"
#include "xlt/base/file.h"
#include "xlt/text/tokenizer.h"
#include "xlt/text/train_tokenizer.h"

namespace xlt {

namespace {

double fertility(const Tokenizer& tokenizer, const fs::path& texts) {
  LineReader lines(texts);
  double tokens = 0, words = 0;
  while (const auto line = lines.next()) {
    const std::string text = parse_json(*line, lines.place()).at("text").get<std::string>();
    tokens += static_cast<double>(tokenizer.encode(text, SpecialTokens::kNone).size());
    words += static_cast<double>(words_of(text).size());
  }
  return tokens / words;
}

Json measure(const LabWorld& world, const fs::path& folder) {
  const auto tokenizer = load_tokenizer(folder / "tokenizer");
  Json languages = Json::object();
  for (const Language& language : world.languages())
    languages[language.tag()] = {
        {"fertility", fertility(*tokenizer, folder / "data" / "udhr" / (language.tag() + ".jsonl"))},
        {"overlap", world.overlap_of(language)},
        {"entropy_bits_per_byte", entropy_bits_per_byte(world, language, folder)}};
  return languages;
}

}  // namespace

void make_world(const LabDesign& design, int64_t seed, const fs::path& folder, const Context& context) {
  if (fs::exists(folder / "measured.json")) return;
  const LabWorld world(design.grammar, design.languages, static_cast<uint64_t>(seed));
  AtomicFolder made(folder);
  write_lab_data(world, design.data, made.path());
  const double begin = monotonic_seconds();
  const int64_t num_words = write_corpus(world, design.num_documents, made.path() / "corpus.jsonl");
  const double seconds = monotonic_seconds() - begin;
  context.throw_if_interrupted();
  train_tokenizer(tokenizer_text(world, design.tokenizer.documents), design.tokenizer.vocab_size,
                  made.path() / "tokenizer");
  const Json measured = {
      {"corpus", {{"documents", design.num_documents}, {"words", num_words}, {"seconds", seconds}}},
      {"languages", measure(world, made.path())}};
  write_file(made.path() / "measured.json", dump_json(measured, 1) + "\n");
  made.commit();
  context.info(str_cat("made ", folder.string(), ": ", world.languages().size(), " languages, a corpus of ",
                       num_words, " words in ", seconds, " s"));
}

}  // namespace xlt
