// SPDX-License-Identifier: Apache-2.0
// Rows of texts → rows of vectors, with an encoder that answers from its inputs.
#include "xlt/run/embed.h"

#include "scratch_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "xlt/base/error.h"
#include "xlt/base/file.h"

namespace xlt {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// [bytes of the text, layer, pooling mode, 1 where normalised]; a text "?" has no tokens.
class LengthEncoder final : public SentenceEncoder {
 public:
  std::vector<std::vector<std::vector<float>>> embed(std::span<const std::string> texts,
                                                     std::span<const int64_t> layers,
                                                     const SentencePooling& pooling) override {
    std::vector<std::vector<std::vector<float>>> all;
    for (const std::string& text : texts) {
      auto& vectors = all.emplace_back();
      for (const int64_t layer : layers)
        if (text != "?")
          vectors.push_back({static_cast<float>(text.size()), static_cast<float>(layer),
                             static_cast<float>(pooling.mode), pooling.normalize ? 1.0f : 0.0f});
    }
    return all;
  }
  const SentenceEncoderInfo& info() const override { return info_; }

 private:
  SentenceEncoderInfo info_{.num_layers = 3, .pooling = {PoolingMode::kLast, true}};
};

class Embed : public FolderTest {
 protected:
  std::string embed(const std::string& rows, const std::string& layers, const std::string& pooling = "mean",
                    bool normalize = false) const {
    EmbedOptions options;
    options.input = (folder_ / "in.jsonl").string();
    options.output = (folder_ / "out.jsonl").string();
    options.layers = layers;
    options.pooling = pooling;
    options.normalize = normalize;
    write_file(options.input, rows);
    embed_file(
        options, [] { return std::make_unique<LengthEncoder>(); }, Context{});
    return read_file(options.output);
  }
};

TEST_F(Embed, RowsComeOutInOrderWithTheirIds) {
  EXPECT_EQ(embed("{\"text\":\"abc\",\"id\":\"x\"}\n{\"text\":\"a\"}\n", "0,2"),
            "{\"id\":\"x\",\"embeddings\":{\"0\":[3.0,0.0,0.0,0.0],\"2\":[3.0,2.0,0.0,0.0]}}\n"
            "{\"embeddings\":{\"0\":[1.0,0.0,0.0,0.0],\"2\":[1.0,2.0,0.0,0.0]}}\n");
}

TEST_F(Embed, TheLastLayerIsKeyedByItsNumber) {
  EXPECT_EQ(embed("{\"text\":\"a\"}\n", "last"), "{\"embeddings\":{\"3\":[1.0,3.0,0.0,0.0]}}\n");
}

TEST_F(Embed, PoolingIsTheMeanUnlessAskedOtherwise) {
  EXPECT_EQ(embed("{\"text\":\"a\"}\n", "0", "auto"), "{\"embeddings\":{\"0\":[1.0,0.0,2.0,1.0]}}\n");
  EXPECT_EQ(embed("{\"text\":\"a\"}\n", "0", "cls", true), "{\"embeddings\":{\"0\":[1.0,0.0,1.0,1.0]}}\n");
}

TEST_F(Embed, ATextWithoutTokensHasNoVectorsAndAReason) {
  EXPECT_EQ(embed("{\"text\":\"?\"}\n", "0"),
            "{\"embeddings\":null,\"reason\":\"the text has no tokens\"}\n");
}

TEST_F(Embed, LayersAreAllLastOrNumbers) {
  EXPECT_THAT(parse_layers("all", 2), ElementsAre(0, 1, 2));
  EXPECT_THAT(parse_layers("2,0,2", 2), ElementsAre(0, 2));
  for (const char* bad : {"3", "-1", "", "1,", "a", "1 ", "0x1"}) {
    try {
      parse_layers(bad, 2);
      ADD_FAILURE() << bad;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kUsage);
      EXPECT_THAT(error.what(), HasSubstr("0 … 2"));
    }
  }
}

}  // namespace
}  // namespace xlt
