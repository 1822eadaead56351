// SPDX-License-Identifier: Apache-2.0
// Similarity and retrieval of sentences, with an encoder whose vectors are known.
#include "xlt/run/sentence_similarity.h"

#include <cmath>
#include <map>

#include <gtest/gtest.h>

namespace xlt {
namespace {

// A text is its angle in degrees; in layer 1 all texts of "de" are alike; "?" has no tokens.
class AngleEncoder final : public SentenceEncoder {
 public:
  std::vector<std::vector<std::vector<float>>> embed(std::span<const std::string> texts,
                                                     std::span<const int64_t> layers,
                                                     const SentencePooling&) override {
    std::vector<std::vector<std::vector<float>>> all;
    for (const std::string& text : texts) {
      ++num_embedded[text];
      auto& vectors = all.emplace_back();
      if (text == "?") continue;
      for (const int64_t layer : layers) {
        const double angle = layer == 1 && text.back() == 'd' ? 0 : std::stod(text) * std::acos(-1.0) / 180;
        vectors.push_back({static_cast<float>(3 * std::cos(angle)), static_cast<float>(3 * std::sin(angle))});
      }
    }
    return all;
  }
  const SentenceEncoderInfo& info() const override { return info_; }
  std::map<std::string, int> num_embedded;  // how often each text was asked for

 private:
  SentenceEncoderInfo info_{.num_layers = 1, .hidden_size = 2};
};

TEST(SentenceSimilarities, AreMeanCosinesAndWhatIsFoundAgain) {
  AngleEncoder encoder;
  // The nearest English text of 10 is 0, its own; of 70 it is 60, not its own 120; the fourth has no tokens.
  const ParallelTexts texts{{"en", {{"a", "0"}, {"b", "60"}, {"c", "120"}, {"d", "?"}}},
                            {"de", {{"a", "10 d"}, {"b", "60 d"}, {"c", "70 d"}, {"d", "5 d"}}},
                            {"fr", {{"z", "1"}}}};
  const auto found = sentence_similarities(encoder, texts, "en", Context{});
  ASSERT_EQ(found.size(), 1) << "of languages that share texts with the source";
  const SentenceSimilarity& german = found.at("de");
  const double degree = std::acos(-1.0) / 180;
  EXPECT_NEAR(german.cosine[0], (std::cos(10 * degree) + 1 + std::cos(50 * degree)) / 3, 1e-6);
  EXPECT_DOUBLE_EQ(german.retrieval[0], 2.0 / 3);
  EXPECT_NEAR(german.cosine[1], (1 + std::cos(60 * degree) + std::cos(120 * degree)) / 3, 1e-6);
  EXPECT_DOUBLE_EQ(german.retrieval[1], 1.0 / 3) << "where all are alike, one of three is found";
}

TEST(SentenceSimilarities, OfTextsThatAreTwiceThereEitherIsRight) {
  AngleEncoder encoder;
  const ParallelTexts texts{{"en", {{"a", "30"}, {"b", "30"}}}, {"de", {{"a", "30 d"}, {"b", "30 d"}}}};
  EXPECT_DOUBLE_EQ(sentence_similarities(encoder, texts, "en", Context{}).at("de").retrieval[0], 1);
}

TEST(SentenceSimilarities, ATextOfTheSourceIsEmbeddedOnceForAllLanguages) {
  AngleEncoder encoder;
  const ParallelTexts texts{{"en", {{"a", "0"}, {"b", "60"}, {"c", "120"}}},
                            {"de", {{"a", "10 d"}, {"b", "70 d"}}},
                            {"fr", {{"b", "65 f"}, {"c", "110 f"}}}};
  const auto found = sentence_similarities(encoder, texts, "en", Context{});
  EXPECT_NEAR(found.at("fr").cosine[0],
              (std::cos(5 * std::acos(-1.0) / 180) + std::cos(10 * std::acos(-1.0) / 180)) / 2, 1e-6);
  for (const auto& [text, times] : encoder.num_embedded) EXPECT_EQ(times, 1) << text;
  EXPECT_EQ(encoder.num_embedded.size(), 7);
}

}  // namespace
}  // namespace xlt
