// SPDX-License-Identifier: Apache-2.0
// Files whose parts do not agree are refused before fastText reads them; it would take any count for an
// index.
#include "text/fasttext_file.h"

#include "fasttext_testing.h"

#include <cstring>
#include <limits>

#include "xlt/text/fasttext_classifier.h"

namespace xlt {
namespace {

using ::testing::HasSubstr;

constexpr const char* kLines = "__label__ok the cat and the dog\n__label__bad you silly old fool\n";

// Where saveModel puts things: magic, version, 12 options of 4 bytes, a double, the dictionary's counts.
constexpr size_t kDimensions = 8, kWordNgrams = 28, kLoss = 32, kModel = 36, kBucket = 40,
                 kMaxCharacters = 48, kNumWords = 68, kNumLabels = 72, kNumPruned = 84, kEntries = 92;

std::string fault_in(const std::string& bytes) {
  return fault_of_fasttext_file(std::as_bytes(std::span(bytes)));
}
template <typename T>
std::string with(std::string bytes, size_t at, T value) {
  std::memcpy(bytes.data() + at, &value, sizeof value);
  return bytes;
}
template <typename T>
T value_at(const std::string& bytes, size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}
// Where the entries end and the flag "quantised input" stands, of a model that is not pruned.
size_t end_of_dictionary(const std::string& bytes) {
  size_t at = kEntries;
  for (int i = 0; i < value_at<int32_t>(bytes, kNumWords) + value_at<int32_t>(bytes, kNumLabels); ++i)
    at = bytes.find('\0', at) + 1 + sizeof(int64_t) + sizeof(int8_t);
  return at;
}

class FastTextFile : public ::testing::TestWithParam<bool> {
 protected:
  TemporaryFolder folder_;
  std::string bytes_ = read_file(train_fasttext(folder_, kLines, GetParam()));
};
INSTANTIATE_TEST_SUITE_P(PlainAndQuantised, FastTextFile, ::testing::Bool());

TEST_P(FastTextFile, AsTrainedIsTaken) { EXPECT_EQ(fault_in(bytes_), ""); }

TEST_P(FastTextFile, OptionsThatTheLibraryWouldDivideOrIndexByAreRefused) {
  ASSERT_EQ(value_at<int32_t>(bytes_, kBucket), 500);
  EXPECT_THAT(fault_in(with(bytes_, kBucket, 0)), HasSubstr("0 buckets"));
  EXPECT_THAT(fault_in(with(bytes_, kBucket, -7)), HasSubstr("-7 buckets"));
  EXPECT_THAT(fault_in(with(bytes_, kBucket, 1 << 30)), HasSubstr("rows of input"));
  EXPECT_THAT(fault_in(with(bytes_, kBucket, 501)), HasSubstr("rows of input"));
  EXPECT_THAT(fault_in(with(bytes_, kDimensions, 0)), HasSubstr("0 dimensions"));
  EXPECT_THAT(fault_in(with(bytes_, kDimensions, 7)), HasSubstr("7 dimensions"));
  EXPECT_THAT(fault_in(with(bytes_, kWordNgrams, 1 << 30)), HasSubstr("n-grams of"));
  EXPECT_THAT(fault_in(with(bytes_, kMaxCharacters, -1)), HasSubstr("n-grams of"));
  EXPECT_THAT(fault_in(with(bytes_, kMaxCharacters, 1 << 30)), HasSubstr("n-grams of"));
  EXPECT_THAT(fault_in(with(bytes_, kLoss, 9)), HasSubstr("unknown loss 9"));
  EXPECT_THAT(fault_in(with(bytes_, kModel, 1)), HasSubstr("without labels"));
}

TEST_P(FastTextFile, CountsOfWordsAndLabelsMustBeThoseOfTheEntries) {
  const auto words = value_at<int32_t>(bytes_, kNumWords), labels = value_at<int32_t>(bytes_, kNumLabels);
  ASSERT_EQ(labels, 2);
  EXPECT_THAT(fault_in(with(bytes_, kNumLabels, 3)), HasSubstr("damaged"));
  EXPECT_THAT(fault_in(with(bytes_, kNumWords, -words)), HasSubstr("damaged"));
  EXPECT_THAT(fault_in(with(with(bytes_, kNumLabels, 1), kNumWords, words + 1)), HasSubstr("not as many"));
  EXPECT_THAT(fault_in(with(with(bytes_, kNumLabels, 3), kNumWords, words - 1)), HasSubstr("not as many"));
  EXPECT_THAT(fault_in(with(bytes_, kNumPruned, int64_t{1} << 40)), HasSubstr("damaged"));
  // The Huffman tree of hierarchical softmax is built from the labels' counts.
  const size_t last_count = end_of_dictionary(bytes_) - sizeof(int64_t) - sizeof(int8_t);
  for (const int64_t count : {int64_t{0}, int64_t{-5}, int64_t{1} << 60})
    EXPECT_THAT(fault_in(with(bytes_, last_count, count)), HasSubstr("a label was seen")) << count;
}

TEST_P(FastTextFile, FlagsAreZeroOrOne) {
  EXPECT_THAT(fault_in(with(bytes_, end_of_dictionary(bytes_), uint8_t{2})),
              HasSubstr("\"quantised input\" is 2, neither 0 nor 1"));
}

TEST(FastTextFiles, OfPlainMatricesHaveTheirSizes) {
  const TemporaryFolder folder;
  const std::string bytes = read_file(train_fasttext(folder, kLines, false));
  const size_t rows = end_of_dictionary(bytes) + 1, columns = rows + 8;
  const auto count = value_at<int64_t>(bytes, rows);
  EXPECT_THAT(fault_in(with(bytes, rows, count - 1)), HasSubstr("damaged"));
  EXPECT_THAT(fault_in(with(bytes, rows, int64_t{1} << 61)), HasSubstr("truncated or damaged"));
  EXPECT_THAT(fault_in(with(bytes, columns, int64_t{4})), HasSubstr("8 dimensions"));
  const size_t outputs = columns + 8 + static_cast<size_t>(count) * 8 * sizeof(float) + 1;
  ASSERT_EQ(value_at<int64_t>(bytes, outputs), 2);
  EXPECT_THAT(fault_in(with(bytes, outputs, int64_t{1})), HasSubstr("rows of output for 2 labels"));
}

// Of the quantised input: norms, rows, columns, bytes of code, codes, then the quantiser's four numbers.
TEST(FastTextFiles, OfQuantisedMatricesHaveCodesForTheirRows) {
  const TemporaryFolder folder;
  const std::string bytes = read_file(train_fasttext(folder, kLines, true));
  const size_t rows = end_of_dictionary(bytes) + 2, code_bytes = rows + 16;
  const auto count = value_at<int64_t>(bytes, rows);
  ASSERT_EQ(value_at<int32_t>(bytes, code_bytes), count * 4);
  EXPECT_THAT(fault_in(with(bytes, rows, count + 100)), HasSubstr("codes for"));
  const size_t quantiser = code_bytes + 4 + static_cast<size_t>(count) * 4;
  ASSERT_EQ(value_at<int32_t>(bytes, quantiser), 8);
  for (size_t i = 0; i < 4; ++i)
    for (const int32_t value : {0, -1, 1 << 30})
      EXPECT_THAT(fault_in(with(bytes, quantiser + 4 * i, value)), HasSubstr("damaged")) << i << " " << value;
}

TEST(FastTextFiles, MadeToDoHarmAreRefused) {
  const auto file =
      std::filesystem::path(XLT_SOURCE_DIR) / "../shared/cases/malicious/fasttext_quant_oob.ftz";
  if (!std::filesystem::exists(file)) GTEST_SKIP() << "the cases beside the repository are not there";
  try {
    FastTextClassifier classifier(file);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kCheckpoint);
    EXPECT_THAT(error.message(), HasSubstr("damaged fastText model"));
  }
}

// The library throws where it meets them in a sum.
TEST(FastTextFiles, WeightsThatAreNoNumbersGiveNoAnswer) {
  const TemporaryFolder folder;
  const std::string bytes = read_file(train_fasttext(folder, kLines, false));
  const auto file = folder.path() / "changed.bin";
  write_file(file, with(bytes, bytes.size() - sizeof(float), std::numeric_limits<float>::quiet_NaN()));
  const FastTextClassifier classifier(file);
  EXPECT_FALSE(classifier.best("the cat").has_value());
  EXPECT_EQ(classifier.probability("the cat", "__label__ok"), std::nullopt);
}

// Any one byte changed: refused, or a model that can be asked.
TEST_P(FastTextFile, AByteChangedAnywhereDoesNotCrash) {
  const auto file = folder_.path() / "changed.bin";
  std::mt19937 random(1);
  for (int i = 0; i < 300; ++i) {
    const size_t at = i < 200 ? random() % end_of_dictionary(bytes_) : random() % bytes_.size();
    write_file(file, with(bytes_, at, static_cast<uint8_t>(random())));
    try {
      FastTextClassifier(file).best("the cat");
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kCheckpoint) << at;
    }
  }
}

class FastTextLosses : public ::testing::TestWithParam<fasttext::loss_name> {};
INSTANTIATE_TEST_SUITE_P(All, FastTextLosses,
                         ::testing::Values(fasttext::loss_name::hs, fasttext::loss_name::ns,
                                           fasttext::loss_name::softmax, fasttext::loss_name::ova));

TEST_P(FastTextLosses, GiveTheProbabilityOfEachLabel) {
  const TemporaryFolder folder;
  const FastTextClassifier classifier(train_fasttext(folder, kLines, false, GetParam()));
  EXPECT_THAT(classifier.labels(), ::testing::UnorderedElementsAre("__label__ok", "__label__bad"));
  EXPECT_GT(classifier.probability("you silly fool", "__label__bad").value(), 0.5);
  EXPECT_LT(classifier.probability("the cat and the dog", "__label__bad").value(), 0.5);
  EXPECT_EQ(classifier.best("you silly fool")->label, "__label__bad");
  EXPECT_EQ(classifier.best("you silly fool")->probability,
            classifier.probability("you silly\nfool", "__label__bad"));
  EXPECT_EQ(classifier.probability("x", "__label__none"), std::nullopt);
}

}  // namespace
}  // namespace xlt
