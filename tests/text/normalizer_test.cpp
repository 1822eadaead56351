// SPDX-License-Identifier: Apache-2.0
#include "text/normalizer.h"

#include "text_testing.h"

namespace xlt {
namespace {

std::string normalise(const char* json, const std::string& text) {
  const Json owner = {{"normalizer", Json::parse(json)}};
  return make_normalizer(JsonView(owner, "test"), "normalizer")(text);
}

TEST(Normalizer, NullChangesNothing) { EXPECT_EQ(normalise("null", "ﬁ e\u0301"), "ﬁ e\u0301"); }

TEST(Normalizer, UnicodeForms) {
  EXPECT_EQ(normalise(R"({"type": "NFC"})", "e\u0301ﬁ"), "éﬁ");
  EXPECT_EQ(normalise(R"({"type": "NFD"})", "éﬁ"), "e\u0301ﬁ");
  EXPECT_EQ(normalise(R"({"type": "NFKC"})", "e\u0301ﬁ"), "éfi");
  EXPECT_EQ(normalise(R"({"type": "NFKD"})", "éﬁ"), "e\u0301fi");
}

TEST(Normalizer, LowercaseLooksAtOneCharacterAtATime) {
  EXPECT_EQ(normalise(R"({"type": "Lowercase"})", "ÀΣ İ"), "àσ i\u0307");
}

TEST(Normalizer, BertCleansFoldsAndSetsHanApart) {
  EXPECT_EQ(normalise(R"({"type": "BertNormalizer"})", "\u0007É\t漢b\u200B"), "e  漢 b");
  EXPECT_EQ(normalise(R"({"type": "BertNormalizer", "lowercase": false})", "É漢"), "É 漢 ");
  EXPECT_EQ(normalise(R"({"type": "BertNormalizer", "lowercase": true, "strip_accents": false,
                          "handle_chinese_chars": false, "clean_text": false})",
                      "É漢\t"),
            "é漢\t");
}

TEST(Normalizer, DropsMarksAndControls) {
  EXPECT_EQ(normalise(R"({"type": "StripAccents"})", "e\u0301e\u20DDकि"), "eeक");
  EXPECT_EQ(normalise(R"({"type": "Nmt"})", "a\u0001b\u200Bc\nd"), "ab c d");
  EXPECT_EQ(normalise(R"({"type": "ByteLevel"})", "é "), "Ã©Ġ");
}

TEST(Normalizer, ReplaceByTextAndByPattern) {
  EXPECT_EQ(normalise(R"({"type": "Replace", "pattern": {"String": " "}, "content": "▁"})", " a  b"),
            "▁a▁▁b");
  EXPECT_EQ(normalise(R"({"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": "_"})", "a b   c"),
            "a b_c");
}

TEST(Normalizer, StripOneSideOrBoth) {
  EXPECT_EQ(normalise(R"({"type": "Strip"})", " \u3000a b\n"), "a b");
  EXPECT_EQ(normalise(R"({"type": "Strip", "strip_left": false})", " a "), " a");
  EXPECT_EQ(normalise(R"({"type": "Strip", "strip_right": false})", " a "), "a ");
}

TEST(Normalizer, Llama2PrependsAndReplaces) {
  const char* llama2 = R"({"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"},
                          {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]})";
  EXPECT_EQ(normalise(llama2, "a b"), "▁a▁b");
  EXPECT_EQ(normalise(llama2, " a"), "▁▁a");
  EXPECT_EQ(normalise(llama2, ""), "");
}

}  // namespace
}  // namespace xlt
