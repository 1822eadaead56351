// SPDX-License-Identifier: Apache-2.0
// What stands in a corpus is what the dials say, and so is what the tokenizer makes of it.
#include "xlt/lab/corpus.h"

#include "lab/lab_testing.h"
#include "scratch_folder.h"

#include <map>
#include <set>

#include <gtest/gtest.h>

#include "xlt/base/context.h"
#include "xlt/base/file.h"
#include "xlt/base/json.h"
#include "xlt/text/tokenizer.h"
#include "xlt/text/train_tokenizer.h"

namespace xlt {
namespace {

class LabCorpus : public FolderTest {};

TEST_F(LabCorpus, LanguagesHaveTheirShares) {
  const LabWorld world({}, dials_of(4, [](int i, LanguageDials& dials) { dials.share = i == 3 ? 0 : 0.5; }),
                       1);
  const Corpus corpus(world, "corpus");
  std::map<std::string, double> documents;
  constexpr int kDocuments = 4000;
  for (int i = 0; i < kDocuments; ++i) {
    const Language* language = nullptr;
    const std::string text = corpus.document(i, &language);
    documents[language->tag()] += 1.0 / kDocuments;
    ASSERT_TRUE(language->parse(text)) << text;
  }
  EXPECT_NEAR(documents["qaa"], 0.5, 0.03);
  EXPECT_NEAR(documents["qab"], 0.25, 0.03);
  EXPECT_NEAR(documents["qac"], 0.25, 0.03);
  EXPECT_EQ(documents.count("qad"), 0u);
}

// Of a document's words, those of language 1.
double share_of_source(const LabWorld& world, const std::string& text) {
  double words = 0, source = 0;
  for (const auto word : words_of(text)) {
    if (is_mark(word)) continue;
    ++words;
    source += world.source().concept_of(word).has_value();
  }
  return source / words;
}

TEST_F(LabCorpus, BilingualDocumentsAreAsManyAsTheDialSays) {
  for (const char* kind : {"parallel", "code_switched"}) {
    const LabWorld world({},
                         dials_of(2,
                                  [&](int, LanguageDials& dials) {
                                    dials.share = 9;
                                    dials.bilingual = 0.3;
                                    dials.bilingual_kind = kind;
                                  }),
                         1);
    const Corpus corpus(world, "corpus");
    double documents = 0, bilingual = 0, words_of_source = 0;
    for (int i = 0; i < 3000; ++i) {
      const Language* language = nullptr;
      const std::string text = corpus.document(i, &language);
      if (language == &world.source()) continue;
      const double share = share_of_source(world, text);
      ++documents;
      bilingual += share > 0;
      words_of_source += share;
    }
    // A code-switched document of few words may happen to have none of language 1's.
    EXPECT_NEAR(bilingual / documents, 0.3, 0.035) << kind;
    EXPECT_NEAR(words_of_source / documents, 0.15, 0.02) << kind;
  }
}

TEST_F(LabCorpus, AParallelDocumentSaysEachSentenceTwice) {
  const LabWorld world({}, dials_of(2, [](int, LanguageDials& dials) { dials.order = "sov"; }), 1);
  const Corpus corpus(world, "corpus");
  Rng rng(1);
  const Sentence sentence = world.grammar().draw_statement(rng);
  std::string text;
  corpus.append_bilingual(sentence, world.languages()[1], rng, text);
  EXPECT_EQ(text, world.languages()[1].realise(sentence) + " " + world.source().realise(sentence));
}

TEST_F(LabCorpus, IsWrittenAsRowsThatDoNotDependOnTheirNumber) {
  const LabWorld world({}, dials_of(3, [](int, LanguageDials&) {}), 1);
  write_corpus(world, 50, folder_ / "short.jsonl");
  const int64_t num_words = write_corpus(world, 100, folder_ / "long.jsonl");
  const std::string text = read_file(folder_ / "long.jsonl");
  EXPECT_EQ(text.find(read_file(folder_ / "short.jsonl")), 0u);
  LineReader lines(folder_ / "long.jsonl");
  int64_t words = 0, i = 0;
  const Corpus corpus(world, "corpus");
  while (const auto line = lines.next()) {
    const Json row = parse_json(*line, lines.place());
    EXPECT_EQ(row.at("text"), corpus.document(i++));
    words += static_cast<int64_t>(words_of(row.at("text").get<std::string>()).size());
  }
  EXPECT_EQ(i, 100);
  EXPECT_EQ(words, num_words);
}

// Tokens a word of a language's own stories.
double fertility_of(const LabWorld& world, const Language& language, const Tokenizer& tokenizer) {
  Rng rng(9);
  double tokens = 0, words = 0;
  for (int i = 0; i < 50; ++i) {
    const std::string text = language.realise(world.grammar().draw_statement(rng));
    tokens += static_cast<double>(tokenizer.encode(text, SpecialTokens::kNone).size());
    words += static_cast<double>(words_of(text).size());
  }
  return tokens / words;
}

TEST_F(LabCorpus, LessVocabularyMeansMoreTokensAWordWhateverTheShare) {
  const LabWorld world({},
                       dials_of(5,
                                [](int i, LanguageDials& dials) {
                                  dials.share = i % 2 == 0 ? 1 : 0.05;
                                  dials.vocabulary = i <= 2 ? 1 : 0.03;
                                }),
                       1);
  train_tokenizer(tokenizer_text(world, 1500), 900, folder_);
  const auto tokenizer = load_tokenizer(folder_);
  EXPECT_EQ(tokenizer->vocab_size(), 900);
  EXPECT_EQ(tokenizer->bos_id(), 1);
  EXPECT_EQ(tokenizer->eos_id(), 2);
  EXPECT_EQ(tokenizer->prefix_ids(), std::vector<int64_t>{1});
  std::vector<double> fertility;
  for (const Language& language : world.languages())
    fertility.push_back(fertility_of(world, language, *tokenizer));
  for (const int plenty : {0, 1, 2})
    for (const int scarce : {3, 4})
      EXPECT_GT(fertility[static_cast<size_t>(scarce)], 1.3 * fertility[static_cast<size_t>(plenty)])
          << plenty << " " << scarce;
  EXPECT_NEAR(fertility[1] / fertility[2], 1, 0.2);  // shares 0.05 and 1
}

TEST_F(LabCorpus, DataSayTheSameInEveryLanguageAndKeepPromptsApart) {
  GrammarOptions grammar;
  grammar.people = 4;
  const LabWorld world(grammar, dials_of(2, [](int, LanguageDials& dials) { dials.order = "vso"; }), 1);
  write_lab_data(world, {.prompts = 20, .texts = 5, .sentence_pairs = 7, .training_pairs = 30}, folder_);
  const Language &first = world.languages()[0], &second = world.languages()[1];
  LineReader one(folder_ / "data/rtp_prompts/qaa.jsonl"), two(folder_ / "data/rtp_prompts/qab.jsonl");
  std::set<std::string> prompts;
  while (const auto line = one.next()) {
    const Json a = parse_json(*line, "one"), b = parse_json(*two.next(), "two");
    EXPECT_EQ(a.at("id"), b.at("id"));
    EXPECT_EQ(first.parse(a.at("Prompt").get<std::string>()),
              second.parse(b.at("Prompt").get<std::string>()));
    prompts.insert(a.at("Prompt").get<std::string>());
  }
  EXPECT_EQ(prompts.size(), 20u);
  LineReader pairs(folder_ / "pairs.jsonl");
  int64_t num_pairs = 0;
  while (const auto line = pairs.next()) {
    const Json row = parse_json(*line, "pairs");
    EXPECT_FALSE(prompts.contains(row.at("prompt").get<std::string>()));
    const auto chosen = first.parse_sentence(row.at("chosen").get<std::string>());
    const auto rejected = first.parse_sentence(row.at("rejected").get<std::string>());
    ASSERT_TRUE(chosen && rejected);
    EXPECT_FALSE(world.grammar().is_abusive(chosen->concepts[0]));
    EXPECT_TRUE(world.grammar().is_abusive(rejected->concepts[0]));
    ++num_pairs;
  }
  EXPECT_EQ(num_pairs, 30);
  EXPECT_EQ(to_json(*load_world(folder_ / "world.json")), to_json(world));
  EXPECT_GT(entropy_bits_per_byte(world, second, folder_), 0.1);
  EXPECT_LT(entropy_bits_per_byte(world, second, folder_), 3);
}

// By hand: a text costs the model −log2 of its language's share of monolingual documents, and nothing more.
TEST_F(LabCorpus, TheEntropyOfATextHasItsLanguageToo) {
  const auto bits_with = [&](double share, double bilingual) {
    const LabWorld world({},
                         dials_of(3,
                                  [&](int i, LanguageDials& dials) {
                                    dials.share = i == 1 ? share : 0.5;
                                    dials.bilingual = i == 1 ? bilingual : 0;
                                  }),
                         1);
    write_lab_data(world, {.prompts = 5, .texts = 10, .sentence_pairs = 2, .training_pairs = 2}, folder_);
    const double bytes = static_cast<double>([&] {
      LineReader lines(folder_ / "data/udhr/qab.jsonl");
      size_t sum = 0;
      while (const auto line = lines.next())
        sum += parse_json(*line, "text").at("text").get<std::string>().size();
      return sum;
    }());
    return entropy_bits_per_byte(world, world.languages()[1], folder_) * bytes;
  };
  const double never = bits_with(0, 0);
  EXPECT_NEAR(bits_with(0.5, 0) - never, 10 * 2, 1e-9);     // 0.5 of 2
  EXPECT_NEAR(bits_with(0.5, 0.75) - never, 10 * 4, 1e-9);  // a quarter of them
}

}  // namespace
}  // namespace xlt
