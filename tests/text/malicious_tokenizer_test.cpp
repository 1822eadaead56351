// SPDX-License-Identifier: Apache-2.0
// Tokenizers made to do harm: nested without end, texts blown up, endless loops, pieces of nothing. Each is
// an error, at once and in little memory.
#include "text/character_map.h"
#include "text/normalizer.h"
#include "text_testing.h"

namespace xlt {
namespace {

using ::testing::HasSubstr;

Json sequence_of(int count, const char* list, const Json& part) {
  Json parts = Json::array();
  for (int i = 0; i < count; ++i) parts.push_back(part);
  return {{"type", "Sequence"}, {list, parts}};
}
const Json kDouble = {{"type", "Replace"}, {"pattern", {{"String", "a"}}}, {"content", "aa"}};

TEST(MaliciousTokenizer, BracketsWithoutEnd) {
  TemporaryFolder folder;
  for (const char* opening : {"[", "{\"a\":"}) {
    std::string text = "{\"normalizer\": ";
    for (int i = 0; i < 200'000; ++i) text += opening;
    folder.write("tokenizer.json", text);
    EXPECT_EQ(complaint_of(folder), "/tokenizer.json: nested more than 200 deep");
  }
  folder.write("tokenizer.json", tokenizer_json({"a"}, {}));
  folder.write("tokenizer_config.json", std::string(200'000, '['));
  EXPECT_THAT(complaint_of(folder), HasSubstr("/tokenizer_config.json: nested more than 200 deep"));
}

TEST(MaliciousTokenizer, SequencesWithinSequences) {
  TemporaryFolder folder;
  for (const auto& [part, list] :
       {std::pair("normalizer", "normalizers"), std::pair("decoder", "decoders"),
        std::pair("pre_tokenizer", "pretokenizers"), std::pair("post_processor", "processors")}) {
    std::string text;
    for (int i = 0; i < 20'000; ++i) text += str_cat("{\"type\": \"Sequence\", \"", list, "\": [");
    folder.write("tokenizer.json", str_cat("{\"", part, "\": ", text));
    EXPECT_EQ(complaint_of(folder), "/tokenizer.json: nested more than 200 deep");
    Json json = tokenizer_json({"a"}, {});
    json[part] = sequence_of(1001, list, {{"type", "ByteLevel"}});
    folder.write("tokenizer.json", json);
    EXPECT_THAT(complaint_of(folder), HasSubstr("a sequence of 1001 parts; at most 1000"));
  }
}

// Parts and patterns are few in any real file; compiled, each may take a thousand times its own length.
TEST(MaliciousTokenizer, PartsWithoutNumber) {
  TemporaryFolder folder;
  Json json = tokenizer_json({"a"}, {});
  json["pre_tokenizer"] =
      sequence_of(3, "pretokenizers", sequence_of(900, "pretokenizers", {{"type", "ByteLevel"}}));
  folder.write("tokenizer.json", json);
  EXPECT_EQ(complaint_of(folder), "/tokenizer.json: more than 2000 parts or 200 regular expressions");
  json["pre_tokenizer"] = nullptr;
  json["normalizer"] =
      sequence_of(201, "normalizers", {{"type", "Replace"}, {"pattern", {{"Regex", "a"}}}, {"content", "b"}});
  folder.write("tokenizer.json", json);
  EXPECT_EQ(complaint_of(folder), "/tokenizer.json: more than 2000 parts or 200 regular expressions");
}

TEST(MaliciousTokenizer, ObjectsOfVeryManyMembers) {
  TemporaryFolder folder;
  Json json = tokenizer_json({"a"}, {});
  for (int i = 0; i < 2001; ++i) json["truncation"][str_cat("k", i)] = i;
  folder.write("tokenizer.json", json);
  EXPECT_EQ(complaint_of(folder), "/tokenizer.json: an object of more than 2000 members");
}

// A file of a kilobyte may name a template that puts a million ids before each text.
TEST(MaliciousTokenizer, TemplatesOfVeryManyTokens) {
  TemporaryFolder folder;
  Json json = tokenizer_json({"a"}, {});
  Json part = {{"type", "TemplateProcessing"},
               {"single", Json::array()},
               {"special_tokens", {{"x", {{"ids", std::vector<int>(600)}}}}}};
  for (int i = 0; i < 2; ++i) part["single"].push_back({{"SpecialToken", {{"id", "x"}}}});
  json["post_processor"] = part;
  folder.write("tokenizer.json", json);
  EXPECT_EQ(complaint_of(folder),
            "/tokenizer.json: post_processor: puts more than 1000 special tokens around a text");
  part["single"].erase(1);
  json["post_processor"] = sequence_of(2, "processors", part);
  folder.write("tokenizer.json", json);
  EXPECT_EQ(complaint_of(folder),
            "/tokenizer.json: post_processor: puts more than 1000 special tokens around a text");
}

TEST(MaliciousTokenizer, IdsBesideItThatAreNone) {
  TemporaryFolder folder;
  folder.write("tokenizer.json", tokenizer_json({"a"}, {}));
  for (const char* id : {"9223372036854775807", "1073741825", "-1"}) {
    folder.write("tokenizer_config.json",
                 std::string_view(str_cat(R"({"added_tokens_decoder": {")", id, R"(": {"content": "x"}}})")));
    EXPECT_EQ(complaint_of(folder),
              str_cat("/tokenizer_config.json: added_tokens_decoder.", id, ": the key is not an id"));
  }
  folder.write("tokenizer_config.json", std::string_view("{}"));
  for (const char* id : {"9223372036854775807", "1073741825", "-1"}) {
    folder.write("added_tokens.json", std::string_view(str_cat(R"({"x": )", id, "}")));
    EXPECT_EQ(complaint_of(folder), str_cat("/added_tokens.json: x: the id ", id, " is out of range"));
  }
}

// What the settings' class replaces is not read; the rest is complained of.
TEST(MaliciousTokenizer, TypesThatAreNoText) {
  TemporaryFolder folder;
  folder.write("tokenizer_config.json", Json{{"tokenizer_class", "LlamaTokenizer"}});
  for (const char* part : {"pre_tokenizer", "decoder"}) {
    Json json = tokenizer_json({"a"}, {});
    json[part]["type"] = 5;
    folder.write("tokenizer.json", json);
    EXPECT_EQ(complaint_of(folder), "") << part;
  }
  Json json = tokenizer_json({"a"}, {});
  json["model"]["type"] = 5;
  folder.write("tokenizer.json", json);
  EXPECT_EQ(complaint_of(folder), "/tokenizer.json: model.type: expected a string, found a number");
  json["model"] = 5;
  folder.write("tokenizer.json", json);
  EXPECT_EQ(complaint_of(folder), "/tokenizer.json: model.vocab: the vocabulary is absent or empty");
}

// Each piece between added tokens is normalised by itself.
TEST(MaliciousTokenizer, PrefixesOfAMegabyte) {
  Json json = tokenizer_json({"a", "b"}, {});
  json["added_tokens"] = {added_token(1, "b")};
  json["normalizer"] = {{"type", "Prepend"}, {"prepend", std::string(1 << 20, 'a')}};
  EXPECT_THROW(encode(*load_json(json), "ababab"), Error);
}

// Doubling forty times makes 2^40 bytes of one.
TEST(MaliciousTokenizer, NormalizersThatBlowTextsUp) {
  const Json steps = sequence_of(40, "normalizers", kDouble);
  Json json = tokenizer_json({"a"}, {});
  json["normalizer"] = steps;
  EXPECT_THROW(encode(*load_json(json), "a"), Error);
  json["added_tokens"] = {added_token(1, "a", {{"normalized", true}})};  // normalised when it is loaded
  TemporaryFolder folder;
  folder.write("tokenizer.json", json);
  EXPECT_THAT(complaint_of(folder), HasSubstr("64 times what it was"));
  json = tokenizer_json({"a"}, {});
  json["normalizer"] = {
      {"type", "Replace"}, {"pattern", {{"Regex", "a"}}}, {"content", std::string(1 << 20, 'b')}};
  EXPECT_THROW(encode(*load_json(json), std::string(1 << 20, 'a')), Error);
  json["normalizer"] = sequence_of(40, "normalizers", {{"type", "ByteLevel"}});
  EXPECT_THROW(encode(*load_json(json), "é"), Error);
}

TEST(MaliciousTokenizer, RealGrowthIsLeftAlone) {
  const Json owner = {{"normalizer", Json::parse(R"({"type": "Sequence", "normalizers": [{"type": "NFKD"},
      {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]})")}};
  std::string text;
  for (int i = 0; i < 10'000; ++i) text += "\uFDFA";  // eighteen letters in one character
  EXPECT_EQ(make_normalizer(JsonView(owner, "x"), "normalizer")(text).size(), 10'000u * (15 * 2 + 3 * 3));
}

TEST(MaliciousTokenizer, PreTokenizersThatBlowTextsUp) {
  Json json = tokenizer_json({"a"}, {});
  json["pre_tokenizer"] = sequence_of(
      40, "pretokenizers", {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", false}});
  EXPECT_THROW(encode(*load_json(json), "é"), Error);
  Json parts = Json::array();
  for (int i = 0; i < 80; ++i)
    parts.push_back(
        {{"type", "Metaspace"}, {"replacement", i % 2 ? "b" : "a"}, {"prepend_scheme", "always"}});
  json["pre_tokenizer"] = {{"type", "Sequence"}, {"pretokenizers", parts}};
  EXPECT_THROW(encode(*load_json(json), "ab"), Error);
}

TEST(MaliciousTokenizer, DecodersThatBlowTextsUp) {
  Json json = tokenizer_json({"a"}, {});
  json["decoder"] = sequence_of(40, "decoders", kDouble);
  EXPECT_THROW(load_json(json)->decode(Ids{0}), Error);
}

TEST(MaliciousTokenizer, StripOfNothing) {
  TemporaryFolder folder;
  Json json = tokenizer_json({"a"}, {});
  json["decoder"] = {{"type", "Strip"}, {"content", ""}, {"start", INT64_MAX}, {"stop", 0}};
  folder.write("tokenizer.json", json);
  EXPECT_EQ(complaint_of(folder), "/tokenizer.json: decoder.content: expected one character, found \"\"");
  json["decoder"]["content"] = "a";
  EXPECT_EQ(load_json(json)->decode(Ids{0}), "");
}

TEST(MaliciousTokenizer, CharacterMapsThatLie) {
  TemporaryFolder folder;
  Json json = tokenizer_json({"a"}, {});
  for (const char* map : {"", "AA==", "/////w==", "BAAAAAAAAAA"}) {
    json["normalizer"] = {{"type", "Precompiled"}, {"precompiled_charsmap", map}};
    folder.write("tokenizer.json", json);
    EXPECT_THAT(complaint_of(folder), HasSubstr("normalizer.precompiled_charsmap: a "));
  }
  json["normalizer"] = {{"type", "Precompiled"}, {"precompiled_charsmap", "!!!!"}};
  folder.write("tokenizer.json", json);
  EXPECT_THAT(complaint_of(folder), HasSubstr("is not base64"));
}

// A block of 256 units, all without children but for the root's "a", whose value is the replacement at 0.
struct Map {
  std::vector<uint32_t> units = std::vector<uint32_t>(256);
  std::string replacements = std::string("xyz\0", 4);
  Map() {
    for (uint32_t i = 0; i < 256; ++i) units[i] = 0xFF;  // a label that no text here has
    units[0] = 1u << 10;                                 // children at 1 ^ label
    units[1 ^ 'a'] = 'a' | 1u << 8 | 2u << 10;           // has a value, at (1 ^ 'a') ^ 2
    units[1 ^ 'a' ^ 2] = 0x80000000u;
  }
  std::string bytes() const {
    const auto size = static_cast<uint32_t>(units.size() * sizeof(uint32_t));
    return std::string(reinterpret_cast<const char*>(&size), sizeof size)
        .append(reinterpret_cast<const char*>(units.data()), size)
        .append(replacements);
  }
};

TEST(CharacterMap, ReplacesAndIsCheckedUnitByUnit) {
  EXPECT_EQ(fault_of_character_map(Map().bytes()), "");
  EXPECT_EQ(CharacterMap(Map().bytes()).find("ab"), "xyz");
  EXPECT_EQ(CharacterMap(Map().bytes()).find("b"), std::nullopt);
  EXPECT_EQ(CharacterMap(Map().bytes()).find(""), std::nullopt);
  Map map;
  map.units[7] = 1u << 20;  // to unit 1024 or so
  EXPECT_EQ(fault_of_character_map(map.bytes()), "a character map whose unit 7 points out of it");
  map = Map();
  map.units[1 ^ 'a' ^ 2] = 0x80000004u;
  EXPECT_THAT(fault_of_character_map(map.bytes()), HasSubstr("names no replacement"));
  map = Map();
  map.replacements = "xyz";
  EXPECT_THAT(fault_of_character_map(map.bytes()), HasSubstr("not strings of UTF-8"));
  // Whatever passes the check can be asked.
  std::mt19937 random(3);
  for (int round = 0; round < 2000; ++round) {
    map = Map();
    for (int i = 0; i < 3; ++i) map.units[random() % 256] = random() >> random() % 32;
    if (fault_of_character_map(map.bytes()).empty()) CharacterMap(map.bytes()).find("aaaaaaaa");
  }
}

TEST(MaliciousTokenizer, SentencePieceOfNothing) {
  const auto file = std::filesystem::path(XLT_SOURCE_DIR) / "../shared/cases/malicious/spm_empty_piece.model";
  if (!std::filesystem::exists(file)) GTEST_SKIP() << "the cases beside the repository are not there";
  TemporaryFolder folder;
  std::filesystem::copy_file(file, folder.path() / "tokenizer.model");
  EXPECT_THAT(complaint_of(folder), HasSubstr("/tokenizer.model: not a SentencePiece model: piece "));
}

}  // namespace
}  // namespace xlt
