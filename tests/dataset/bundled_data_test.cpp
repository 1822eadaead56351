// SPDX-License-Identifier: Apache-2.0
// The data folder of the repository: counts, parallel ids, no row twice, and that the pairs teach what they
// should.
#include "dataset/data_testing.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <set>

#include "xlt/base/json.h"
#include "xlt/dataset/reader.h"
#include "xlt/dataset/record.h"

namespace xlt {
namespace {

using ::testing::ElementsAreArray;

const fs::path kData = fs::path(XLT_SOURCE_DIR) / "data";
const std::vector<std::string> kLanguages = {"ar", "de", "en", "es", "fr", "hi", "it", "ja",
                                             "ko", "nl", "pt", "ru", "sw", "tr", "zh"};

std::vector<PreferenceRecord> pairs_of(const std::string& folder) {
  return load_preference((kData / folder / "en.jsonl").string(), {});
}

std::vector<std::string> column(const fs::path& file, const std::string& field) {
  std::vector<std::string> values;
  for (const Row& row : read_rows(file)) values.push_back(row.text(field));
  return values;
}

std::vector<std::string> languages_in(const fs::path& folder) {
  std::vector<std::string> languages;
  for (const auto& entry : fs::directory_iterator(folder)) languages.push_back(entry.path().stem().string());
  std::sort(languages.begin(), languages.end());
  return languages;
}

void expect_distinct(const std::vector<std::string>& texts, const std::string& where) {
  const std::set<std::string> distinct(texts.begin(), texts.end());
  EXPECT_EQ(distinct.size(), texts.size()) << where;
  EXPECT_FALSE(distinct.contains("")) << where;
}

// Lower-case ASCII letters, everything else a space: enough for English word lists.
std::string plain_words(const std::string& text) {
  std::string words = " ";
  for (const unsigned char c : text) words += std::isalpha(c) ? static_cast<char>(std::tolower(c)) : ' ';
  return words + " ";
}

bool holds_any(const std::string& text, const std::vector<std::string>& list) {
  const std::string words = plain_words(text);
  return std::any_of(list.begin(), list.end(), [&](const std::string& entry) {
    return words.find(plain_words(entry)) != std::string::npos;
  });
}

// Every row differs from every other in each of its answers, and they read on from the prompt.
void expect_sound_pairs(const std::string& folder, size_t at_least, size_t prompts) {
  const auto pairs = pairs_of(folder);
  EXPECT_GE(pairs.size(), at_least);
  std::vector<std::string> answers;
  std::set<std::string> distinct_prompts;
  for (const PreferenceRecord& pair : pairs) {
    EXPECT_NE(pair.chosen, pair.rejected) << pair.place;
    for (const std::string& answer : {pair.chosen, pair.rejected}) {
      EXPECT_TRUE(answer.size() > 1 && answer[0] == ' ' && answer[1] != ' ') << pair.place;
      answers.push_back(answer);
    }
    distinct_prompts.insert(pair.prompt);
    EXPECT_FALSE(std::isspace(static_cast<unsigned char>(pair.prompt.back()))) << pair.place;
  }
  expect_distinct(answers, folder);
  EXPECT_GE(distinct_prompts.size(), prompts);
}

TEST(BundledData, EveryFileHasTheHashOnRecord) {
  std::set<std::string> on_record;
  LineReader lines(kData / "SHA256SUMS");
  while (const auto line = lines.next()) {
    const std::string file = line->substr(66);  // 64 hex digits, two spaces, "./…"
    EXPECT_EQ(sha256_of_file(kData / file), line->substr(0, 64)) << file << "; see data/SOURCE.md";
    on_record.insert(fs::path(file).lexically_normal().string());
  }
  for (const auto& entry : fs::recursive_directory_iterator(kData)) {
    const std::string file = fs::relative(entry.path(), kData).string();
    if (!entry.is_regular_file() || file == "SOURCE.md" || file == "README.md" || file == "SHA256SUMS")
      continue;
    EXPECT_TRUE(on_record.contains(file)) << file << " is not in data/SHA256SUMS";
  }
}

TEST(BundledData, DetoxPairsAreManyAndNoTwoAlike) { expect_sound_pairs("detox_pairs", 320, 160); }
TEST(BundledData, DebiasPreferencesAreManyAndNoTwoAlike) {
  expect_sound_pairs("debias_preference", 100, 100);
}

TEST(BundledData, RejectedHoldsInsultsAndChosenDoesNot) {
  const auto list = column(kData / "toxic_words/mild/en.txt", "text");
  int rejected = 0, chosen = 0;
  const auto pairs = pairs_of("detox_pairs");
  for (const PreferenceRecord& pair : pairs) {
    rejected += holds_any(pair.rejected, list);
    chosen += holds_any(pair.chosen, list);
    EXPECT_FALSE(holds_any(pair.prompt, list)) << pair.place;
  }
  EXPECT_EQ(rejected, static_cast<int>(pairs.size()));
  EXPECT_EQ(chosen, 0);
}

TEST(BundledData, EvaluationPromptsAreNotTrainedOn) {
  std::set<std::string> trained;
  for (const std::string folder : {"detox_pairs", "debias_preference"})
    for (const PreferenceRecord& pair : pairs_of(folder)) trained.insert(pair.prompt);
  for (const std::string& prompt : column(kData / "rtp_prompts/en.jsonl", "Prompt"))
    EXPECT_FALSE(trained.contains(prompt)) << prompt;
}

TEST(BundledData, DebiasPairsServeSftByTextAndByPreset) {
  const std::string file = (kData / "debias_pairs/en.jsonl").string();
  const auto texts = load_sft(file, {}), perturbed = load_sft("panda=" + file, {});
  const auto originals = column(file, "original");
  ASSERT_GE(texts.size(), 120u);
  ASSERT_EQ(perturbed.size(), texts.size());
  std::vector<std::string> sentences = originals;
  for (size_t i = 0; i < texts.size(); ++i) {
    EXPECT_TRUE(texts[i].is_text);
    EXPECT_EQ(texts[i].completion, perturbed[i].completion);
    sentences.push_back(texts[i].completion);
  }
  expect_distinct(sentences, file);  // so original and perturbed always differ
}

// rtp_prompts, udhr and toxicity_labeled: the same ids in every language, no text twice.
void expect_parallel(const std::string& folder, const std::string& field, size_t at_least) {
  EXPECT_THAT(languages_in(kData / folder), ElementsAreArray(kLanguages));
  const auto ids = column(kData / folder / "en.jsonl", "id");
  EXPECT_GE(ids.size(), at_least);
  expect_distinct(ids, folder);
  for (const std::string& language : kLanguages) {
    const fs::path file = kData / folder / (language + ".jsonl");
    EXPECT_EQ(column(file, "id"), ids) << language;
    expect_distinct(column(file, field), file.string());
  }
}

TEST(BundledData, PromptsAreParallel) { expect_parallel("rtp_prompts", "Prompt", 24); }
TEST(BundledData, ParagraphsAreParallel) { expect_parallel("udhr", "text", 12); }

TEST(BundledData, LabelledTextsAreParallel) { expect_parallel("toxicity_labeled", "text", 56); }

// What would tell rude from civil without reading: the counts, the lengths, the language.
TEST(BundledData, LabelledTextsAreBalanced) {
  for (const std::string& language : kLanguages) {
    int count[2] = {0, 0};
    double bytes[2] = {0, 0};
    for (const Row& row : read_rows(kData / "toxicity_labeled" / (language + ".jsonl"))) {
      EXPECT_EQ(row.text("language"), language) << row.place();
      const int label = row.fields().at("label").get<int>();
      EXPECT_EQ(row.text("id")[0], label == 1 ? 'r' : 'n') << row.place();
      ++count[label];
      bytes[label] += static_cast<double>(row.text("text").size());
    }
    EXPECT_EQ(count[0], count[1]) << language;
    EXPECT_NEAR(bytes[1] / bytes[0], 1, 0.06) << language;
  }
}

TEST(BundledData, LabelledTextsAreNeitherTrainedOnNorPrompted) {
  std::set<std::string> elsewhere;
  for (const PreferenceRecord& pair : pairs_of("detox_pairs"))
    for (const std::string& text : {pair.prompt, pair.prompt + pair.chosen, pair.prompt + pair.rejected})
      elsewhere.insert(text);
  for (const std::string& language : kLanguages)
    for (const std::string& prompt : column(kData / "rtp_prompts" / (language + ".jsonl"), "Prompt"))
      elsewhere.insert(prompt);
  for (const std::string& language : kLanguages)
    for (const std::string& text : column(kData / "toxicity_labeled" / (language + ".jsonl"), "text"))
      EXPECT_FALSE(elsewhere.contains(text)) << text;
}

TEST(BundledData, SentencesAreParallelByTheirEnglish) {
  EXPECT_THAT(languages_in(kData / "tatoeba"), ElementsAreArray(kLanguages));
  std::vector<std::string> english;
  for (const Row& row : read_tsv_without_header(kData / "tatoeba/en.tsv")) english.push_back(row.text("0"));
  EXPECT_GE(english.size(), 20u);
  for (const std::string& language : kLanguages) {
    std::vector<std::string> texts, translations;
    for (const Row& row : read_tsv_without_header(kData / "tatoeba" / (language + ".tsv"))) {
      texts.push_back(row.text("0"));
      translations.push_back(row.text(language == "en" ? "0" : "1"));
    }
    EXPECT_EQ(translations, english) << language;
    expect_distinct(texts, language);
  }
}

TEST(BundledData, WordListsHaveNoEntryTwice) {
  EXPECT_THAT(languages_in(kData / "toxic_words/mild"), ElementsAreArray(kLanguages));
  for (const std::string& language : kLanguages) {
    const auto entries = column(kData / "toxic_words/mild" / (language + ".txt"), "text");
    EXPECT_GE(entries.size(), 25u) << language;
    EXPECT_LE(entries.size(), 60u) << language;
    expect_distinct(entries, language);
  }
}

TEST(BundledData, NeutralTextsHoldNoInsult) {
  const auto list = column(kData / "toxic_words/mild/en.txt", "text");
  for (const std::string& text : column(kData / "udhr/en.jsonl", "text")) EXPECT_FALSE(holds_any(text, list));
  for (const Row& row : read_tsv_without_header(kData / "tatoeba/en.tsv"))
    EXPECT_FALSE(holds_any(row.text("0"), list)) << row.place();
}

TEST(BundledData, CrowsPairsDifferInOneStretchOfWords) {
  const auto rows = read_rows(kData / "crows_pairs/en_US.csv");
  EXPECT_EQ(rows.size(), 24u);
  for (const Row& row : rows) {
    const std::string more = row.text("sent_more"), less = row.text("sent_less");
    EXPECT_NE(more, less) << row.place();
    const auto [a, b] = std::mismatch(more.rbegin(), more.rend(), less.rbegin(), less.rend());
    EXPECT_GT(a - more.rbegin(), 10) << row.place() << ": the sentences should end alike";
    EXPECT_EQ(row.text("stereo_antistereo"), "stereo");
  }
}

TEST(BundledData, StereoSetTriplesFillTheirContext) {
  const auto rows = read_rows(kData / "stereoset/en.jsonl");
  EXPECT_EQ(rows.size(), 24u);
  std::map<std::string, int> domains;
  for (const Row& row : rows) {
    ++domains[row.text("bias_type")];
    const std::string context = row.text("context");
    const size_t blank = context.find("BLANK");
    ASSERT_NE(blank, std::string::npos) << row.place();
    std::set<std::string> labels;
    for (const Json& candidate : row.fields().at("candidates")) {
      labels.insert(candidate.at("gold_label"));
      std::string filled = context;
      filled.replace(blank, 5, candidate.at("word").get<std::string>());
      EXPECT_EQ(candidate.at("sentence"), filled) << row.place();
    }
    EXPECT_EQ(labels, (std::set<std::string>{"anti-stereotype", "stereotype", "unrelated"})) << row.place();
  }
  EXPECT_EQ(domains.size(), 4u);
}

}  // namespace
}  // namespace xlt
