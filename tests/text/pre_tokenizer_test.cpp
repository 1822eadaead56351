// SPDX-License-Identifier: Apache-2.0
#include "text/pre_tokenizer.h"

#include "text_testing.h"

namespace xlt {
namespace {

using Words = std::vector<std::string>;

Words split(const char* json, const std::string& text, bool is_at_start = true) {
  const Json owner = {{"pre_tokenizer", Json::parse(json)}};
  Words words;
  for (const Word& word : make_pre_tokenizer(JsonView(owner, "test"), "pre_tokenizer")({{text, is_at_start}}))
    words.push_back(word.text);
  return words;
}

std::string at_dash(const char* behavior, bool invert = false) {
  return str_cat(R"({"type": "Split", "pattern": {"String": "-"}, "behavior": ")", behavior,
                 R"(", "invert": )", invert ? "true}" : "false}");
}

TEST(Split, JoinsMatchesAsToldWithTheirNeighbours) {
  const std::string text = "-a--b-";
  EXPECT_EQ(split(at_dash("Removed").c_str(), text), (Words{"a", "b"}));
  EXPECT_EQ(split(at_dash("Isolated").c_str(), text), (Words{"-", "a", "-", "-", "b", "-"}));
  EXPECT_EQ(split(at_dash("MergedWithPrevious").c_str(), text), (Words{"-", "a-", "-", "b-"}));
  EXPECT_EQ(split(at_dash("MergedWithNext").c_str(), text), (Words{"-a", "-", "-b", "-"}));
  EXPECT_EQ(split(at_dash("Contiguous").c_str(), text), (Words{"-", "a", "--", "b", "-"}));
  EXPECT_EQ(split(at_dash("Removed", true).c_str(), text), (Words{"-", "-", "-", "-"}));
}

TEST(ByteLevel, WritesBytesAsCharacters) {
  const char* plain = R"({"type": "ByteLevel", "add_prefix_space": false, "use_regex": false})";
  EXPECT_EQ(split(plain, "a é\n"), (Words{"aĠÃ©Ċ"}));
  const char* gpt2 = R"({"type": "ByteLevel", "add_prefix_space": true, "use_regex": true})";
  EXPECT_EQ(split(gpt2, "it's 42!"), (Words{"Ġit", "'s", "Ġ42", "!"}));
  EXPECT_EQ(split(gpt2, " x"), (Words{"Ġx"}));
}

TEST(Metaspace, PrependsByScheme) {
  const auto with = [](const char* scheme) {
    return str_cat(R"({"type": "Metaspace", "replacement": "▁", "split": false, "prepend_scheme": ")", scheme,
                   "\"}");
  };
  EXPECT_EQ(split(with("always").c_str(), "a b", false), (Words{"▁a▁b"}));
  EXPECT_EQ(split(with("first").c_str(), "a b", true), (Words{"▁a▁b"}));
  EXPECT_EQ(split(with("first").c_str(), "a b", false), (Words{"a▁b"}));
  EXPECT_EQ(split(with("never").c_str(), "a b"), (Words{"a▁b"}));
  EXPECT_EQ(split(with("always").c_str(), " a"), (Words{"▁a"}));  // has one already
}

TEST(Metaspace, SplitsBeforeEachSpace) {
  EXPECT_EQ(split(R"({"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always"})", "a bc  d"),
            (Words{"▁a", "▁bc", "▁", "▁d"}));
}

TEST(WhiteSpace, IsRemovedAndPunctuationSetApart) {
  EXPECT_EQ(split(R"({"type": "WhitespaceSplit"})", " it's\u3000a\tdog. "), (Words{"it's", "a", "dog."}));
  EXPECT_EQ(split(R"({"type": "Whitespace"})", " it's a_1 «x»... "),
            (Words{"it", "'", "s", "a_1", "«", "x", "»..."}));
  EXPECT_EQ(split(R"({"type": "Punctuation"})", "a.b$ «"), (Words{"a", ".", "b", "$", " ", "«"}));
  EXPECT_EQ(split(R"({"type": "Punctuation", "behavior": "Removed"})", "a.b"), (Words{"a", "b"}));
  EXPECT_EQ(split(R"({"type": "BertPreTokenizer"})", "it's  2+2 €"),
            (Words{"it", "'", "s", "2", "+", "2", "€"}));
}

TEST(Digits, StandAloneOrTogether) {
  EXPECT_EQ(split(R"({"type": "Digits", "individual_digits": true})", "a12"), (Words{"a", "1", "2"}));
  EXPECT_EQ(split(R"({"type": "Digits", "individual_digits": false})", "a12"), (Words{"a", "12"}));
}

TEST(PreTokenizer, SequencesApplyOneAfterTheOther) {
  EXPECT_EQ(split(R"({"type": "Sequence", "pretokenizers": [
                      {"type": "Split", "pattern": {"Regex": " ?\\w+"}, "behavior": "Isolated", "invert": false},
                      {"type": "ByteLevel", "add_prefix_space": false, "use_regex": false}]})",
                  "ab cd"),
            (Words{"ab", "Ġcd"}));
}

TEST(PreTokenizer, UnknownTypesAreNamedWithTheirPlace) {
  const Json owner =
      Json::parse(R"({"pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "Bert"}]}})");
  try {
    make_pre_tokenizer(JsonView(owner, "tokenizer.json"), "pre_tokenizer");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.context(), "tokenizer.json: pre_tokenizer.pretokenizers[0].type");
    EXPECT_THAT(error.message(),
                ::testing::HasSubstr("\"Bert\" is not supported; supported: BertPreTokenizer, ByteLevel"));
  }
}

}  // namespace
}  // namespace xlt
