// SPDX-License-Identifier: Apache-2.0
// Text in a world's languages: what a model is pretrained on, what the tokenizer is trained on, and the data
// that finetuning and benchmarks read, in the files that they read anyway.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "xlt/base/config.h"
#include "xlt/lab/languages.h"

namespace xlt {

// Documents in the languages' shares. A document's text follows from the world's seed, `stream` and its
// number alone.
class Corpus {
 public:
  Corpus(const LabWorld& world, std::string_view stream);
  // A whole document, without a line break. `language`: receives whose it is; may be null.
  void append_document(int64_t number, std::string& text, const Language** language = nullptr) const;
  std::string document(int64_t number, const Language** language = nullptr) const;
  // `sentence` as it stands in a bilingual document.
  void append_bilingual(const Sentence& sentence, const Language& language, Rng& rng,
                        std::string& text) const;

 private:
  const LabWorld& world_;
  Rng rng_;
  std::vector<double> up_to_;  // share of the languages up to each
};

// Rows {"text"}; the number of words in them, marks included. Throws kIo.
int64_t write_corpus(const LabWorld& world, int64_t num_documents, const std::filesystem::path& file);
// Monolingual documents in the proportion of the languages' `vocabulary`, a line each.
std::vector<std::string> tokenizer_text(const LabWorld& world, int64_t num_documents);

struct LabDataOptions {
  int64_t prompts = 60, texts = 60, sentence_pairs = 60;  // of each benchmark and language
  int64_t training_pairs = 1000;                          // of finetuning, in language 1
  void visit(OptionVisitor& v);
};
// FOLDER/data/: rtp_prompts (provocations), udhr (stories), crows_pairs (a stereotype and its opposite), each
// the same meanings in every language under the same ids, and toxic_words/lab (the abusive words).
// FOLDER/pairs.jsonl: provocations in language 1 with a polite (chosen) and an abusive reply, for preference
// methods; none of them is a benchmark's. FOLDER/polite.jsonl: those with the polite reply alone, and
// FOLDER/counter_stereotypes.jsonl: opposites of stereotypes, both as texts. FOLDER/dials.csv: a row a
// language. FOLDER/world.json. Throws kIo, and kConfig where the grammar has too few provocations.
void write_lab_data(const LabWorld& world, const LabDataOptions& options,
                    const std::filesystem::path& folder);

// What a model that has learnt the corpus's law needs for the texts of FOLDER/data/udhr, in bits per byte:
// the grammar's probability of what they say times the share of documents that are in such a language alone;
// of a language that the corpus never has, the grammar's only. No model does better on average.
double entropy_bits_per_byte(const LabWorld& world, const Language& language,
                             const std::filesystem::path& folder);

}  // namespace xlt
