// SPDX-License-Identifier: Apache-2.0
#include "text/decoder.h"

#include "text_testing.h"

namespace xlt {
namespace {

std::string decode(const char* json, const std::vector<std::string>& tokens) {
  const Json owner = {{"decoder", Json::parse(json)}};
  std::string text;
  for (const std::string& part : make_token_decoder(JsonView(owner, "test"), "decoder")(tokens)) text += part;
  return text;
}

TEST(Decoder, NullJoinsWithSpaces) { EXPECT_EQ(decode("null", {"a", "b"}), "a b"); }

TEST(Decoder, ByteLevelJoinsBytesAcrossTokens) {
  EXPECT_EQ(decode(R"({"type": "ByteLevel"})", {"aĠ", "Ã", "©"}), "a é");
  EXPECT_EQ(decode(R"({"type": "ByteLevel"})", {"Ã", "a"}), "\uFFFDa");
  // Two bytes of a character of three: one maximal subpart, one replacement.
  EXPECT_EQ(decode(R"({"type": "ByteLevel"})", {"â", "Ģ", "a"}), "\uFFFDa");
  EXPECT_EQ(decode(R"({"type": "ByteLevel"})", {"漢"}), "漢");  // no byte's character: kept
}

TEST(Decoder, ByteFallbackReplacesEachByteOfABadRun) {
  EXPECT_EQ(decode(R"({"type": "ByteFallback"})", {"<0xE2>", "<0x82>", "<0xAC>", "x"}), "€x");
  EXPECT_EQ(decode(R"({"type": "ByteFallback"})", {"<0xE2>", "<0x82>", "x"}), "\uFFFD\uFFFDx");
  EXPECT_EQ(decode(R"({"type": "ByteFallback"})", {"<0xZZ>", "<0x4>"}), "<0xZZ><0x4>");
}

TEST(Decoder, StripTakesAtMostSoMany) {
  const char* strip = R"({"type": "Strip", "content": " ", "start": 1, "stop": 0})";
  EXPECT_EQ(decode(strip, {"  a "}), " a ");
  EXPECT_EQ(decode(R"({"type": "Strip", "content": " ", "start": 0, "stop": 2})", {" a   "}), " a ");
}

TEST(Decoder, Llama2) {
  const char* llama2 = R"({"type": "Sequence", "decoders": [
      {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"},
      {"type": "Strip", "content": " ", "start": 1, "stop": 0}]})";
  EXPECT_EQ(decode(llama2, {"▁Hello", "▁", "<0x0A>", "world"}), "Hello \nworld");
}

TEST(Decoder, MetaspaceDropsTheFirstTokensSpaces) {
  EXPECT_EQ(decode(R"({"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always"})", {"▁▁a", "▁b"}),
            "a b");
  EXPECT_EQ(decode(R"({"type": "Metaspace", "replacement": "▁", "prepend_scheme": "never"})", {"▁a", "▁b"}),
            " a b");
}

}  // namespace
}  // namespace xlt
