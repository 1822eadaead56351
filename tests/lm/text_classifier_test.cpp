// SPDX-License-Identifier: Apache-2.0
// A classifier's folder → probabilities: labels, softmax or sigmoid, over-long texts, any batch.
#include "xlt/lm/text_classifier.h"

#include "models/tiny_checkpoints.h"
#include "scratch_folder.h"

#include <cmath>

#include <gmock/gmock.h>

#include "xlt/base/error.h"

namespace xlt {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Classifiers : public FolderTest {
 protected:
  Classifiers() { write_letter_tokenizer(folder_); }
  // A folder with this config added to XLM-R's.
  std::unique_ptr<TextClassifier> make(const std::string& changes, int64_t num_labels,
                                       int64_t batch_tokens = 0) const {
    write_encoder(folder_, encoder_config("xlm-roberta", changes), num_labels);
    return load_text_classifier({folder_, batch_tokens}, Placement{}, Context{});
  }
  std::string complaint_of(const std::string& changes, int64_t num_labels) const {
    try {
      make(changes, num_labels);
    } catch (const Error& error) {
      return error.what();
    }
    return {};
  }
  static constexpr const char* kThree = R"({"id2label":{"0":"insult","1":"threat","2":"toxic"}})";
};

TEST_F(Classifiers, OneOfSeveralLabelsSumToOne) {
  const auto classifier = make(kThree, 3);
  EXPECT_THAT(classifier->info().labels, ElementsAre("insult", "threat", "toxic"));
  EXPECT_FALSE(classifier->info().is_multi_label);
  EXPECT_EQ(classifier->info().max_length, 20);
  const std::string texts[] = {"abc", "x"};
  for (const auto& row : classifier->classify(texts)) EXPECT_NEAR(row[0] + row[1] + row[2], 1, 1e-12);
}

TEST_F(Classifiers, SigmoidsOfTheSameLogitsWhereLabelsAreIndependent) {
  const std::string texts[] = {"abc"};
  const auto one = make(kThree, 3)->classify(texts)[0];
  const auto several = make(R"({"id2label":{"0":"insult","1":"threat","2":"toxic"},
    "problem_type":"multi_label_classification"})",
                            3)
                           ->classify(texts)[0];
  // softmax: log-ratios of probabilities are differences of logits.
  const auto logit = [&](size_t i) { return std::log(several[i] / (1 - several[i])); };
  EXPECT_NEAR(std::log(one[2] / one[0]), logit(2) - logit(0), 1e-9);
  EXPECT_NEAR(std::log(one[1] / one[0]), logit(1) - logit(0), 1e-9);
}

TEST_F(Classifiers, ASingleLabelIsTrueOrNot) {
  const auto classifier = make(R"({"id2label":{"0":"toxic"}})", 1);
  EXPECT_TRUE(classifier->info().is_multi_label);
  const std::string texts[] = {"abc"};
  EXPECT_NE(classifier->classify(texts)[0][0], 1.0);
}

TEST_F(Classifiers, UnnamedLabelsAreNumbered) {
  EXPECT_THAT(make("{}", 2)->info().labels, ElementsAre("LABEL_0", "LABEL_1"));
}

TEST_F(Classifiers, AnyBatchGivesTheSameBits) {
  const std::vector<std::string> texts = {"a", "the cat", "", "zzzzz zzzzz", "the dog", "a"};
  const auto expected = make(kThree, 3)->classify(texts);
  for (const int64_t batch_tokens : {1, 7, 16})
    EXPECT_EQ(make(kThree, 3, batch_tokens)->classify(texts), expected);
  for (size_t i = 0; i < texts.size(); ++i)
    EXPECT_EQ(make(kThree, 3)->classify(std::span(texts).subspan(i, 1))[0], expected[i]) << i;
}

TEST_F(Classifiers, ATextBeyondTheModelsLengthLosesItsEndAndKeepsItsSpecialTokens) {
  const auto classifier = make(kThree, 3);
  const std::string texts[] = {std::string(18, 'a'), std::string(18, 'a') + "bcdefg"};
  const auto rows = classifier->classify(texts);
  EXPECT_EQ(rows[0], rows[1]);
}

TEST_F(Classifiers, FaultsOfTheConfigAreNamed) {
  EXPECT_THAT(complaint_of(R"({"problem_type":"regression"})", 2),
              HasSubstr("problem_type: a regression head"));
  EXPECT_THAT(complaint_of(R"({"problem_type":"odd"})", 2), HasSubstr("\"odd\""));
  EXPECT_THAT(complaint_of(R"({"id2label":{"0":"a","2":"b"}})", 2), HasSubstr("id2label"));
  EXPECT_THAT(complaint_of(kThree, 2), HasSubstr("[2, 16] instead of [3, 16]"));
  EXPECT_THAT(complaint_of(kThree, 0), HasSubstr("classifier.dense.weight"));
}

TEST_F(Classifiers, WeightsThatAreNoNumbersAreAnError) {
  NamedTensors tensors = write_encoder(folder_, encoder_config("xlm-roberta", kThree), 3);
  tensors.back().second.fill_(std::nan(""));
  save_safetensors(folder_ / "model.safetensors", tensors);
  const auto classifier = load_text_classifier({folder_}, Placement{}, Context{});
  const std::string texts[] = {"abc"};
  EXPECT_THROW(classifier->classify(texts), Error);
}

}  // namespace
}  // namespace xlt
