// SPDX-License-Identifier: Apache-2.0
// The reader takes JSON and nothing else, and says where the fault is.
#include "base/base_testing.h"

#include <algorithm>
#include <ctime>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "xlt/base/json.h"

namespace xlt {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;

std::string fault_in(const std::string& text) {
  const Error error = error_of([&] { parse_json(text, "f.json", ErrorKind::kConfig); });
  EXPECT_EQ(error.kind(), ErrorKind::kConfig) << text;
  EXPECT_EQ(error.context(), "f.json") << text;
  return error.message();
}

TEST(ParseJson, ReadsEveryTypeAndKeepsTheOrderOfKeys) {
  const Json json = parse_json(
      R"( {"z": [1, -2, 3.5, 1e3], "a": {"t": true, "f": false, "n": null}, "é": "\u00e9\n"} )", "f");
  EXPECT_EQ(json.dump(),
            "{\"z\":[1,-2,3.5,1000.0],\"a\":{\"t\":true,\"f\":false,\"n\":null},\"é\":\"é\\n\"}");
  EXPECT_TRUE(json["z"][0].is_number_integer());
  EXPECT_TRUE(json["z"][3].is_number_float());
}

TEST(ParseJson, ReadsEmptyContainersAndBareValues) {
  EXPECT_EQ(parse_json("{}", "f"), Json::object());
  EXPECT_EQ(parse_json("[[], {}]", "f"), Json::array({Json::array(), Json::object()}));
  EXPECT_EQ(parse_json("\"x\"", "f"), Json("x"));
  EXPECT_EQ(parse_json("null", "f"), Json());
}

TEST(ParseJson, SkipsAByteOrderMark) { EXPECT_EQ(parse_json("\xEF\xBB\xBF[1]", "f"), Json::array({1})); }

TEST(ParseJson, ReadsTheExtremesOfIntegers) {
  const Json json = parse_json("[-9223372036854775808, 18446744073709551615]", "f");
  EXPECT_EQ(json[0].get<int64_t>(), std::numeric_limits<int64_t>::min());
  EXPECT_EQ(json[1].get<uint64_t>(), std::numeric_limits<uint64_t>::max());
}

TEST(ParseJson, NamesLineAndColumnOfASyntaxError) {
  EXPECT_THAT(fault_in("{\n  \"a\": tru\n}"),
              StartsWith("malformed JSON at line 2, column 11: syntax error"));
  EXPECT_THAT(fault_in("{\"a\" 1}"), StartsWith("malformed JSON at line 1, column 6: "));
}

TEST(ParseJson, CountsColumnsInCharacters) {
  // Column 7: [ " é é " blank x; in bytes the fault is at 9.
  EXPECT_THAT(fault_in("[\"éé\" x]"), StartsWith("malformed JSON at line 1, column 7: "));
}

TEST(ParseJson, RefusesWhatEndsTooSoon) {
  EXPECT_THAT(fault_in(""), StartsWith("malformed JSON at line 1, column 1: "));
  EXPECT_THAT(fault_in("{\"a\": [1, 2"), HasSubstr("unexpected end of input"));
}

TEST(ParseJson, RefusesWhatFollowsTheValue) {
  EXPECT_THAT(fault_in("{} {}"), StartsWith("malformed JSON at line 1, column 4: "));
  EXPECT_THAT(fault_in("[1],"), StartsWith("malformed JSON at line 1, column 4: "));
}

TEST(ParseJson, RefusesWhatOnlyLooksLikeJson) {
  for (const char* text : {"[1,]", "{'a': 1}", "{a: 1}", "[01]", "[NaN]", "[+1]", "[.5]", "[\"\t\"]",
                           "[\"\\x41\"]", "[\"\\ud800\"]", "// c\n1", "{\"a\"}", "{1: 2}"})
    EXPECT_THAT(fault_in(text), StartsWith("malformed JSON at line ")) << text;
}

TEST(ParseJson, RefusesANumberThatNoDoubleHolds) { EXPECT_THAT(fault_in("[1e999]"), HasSubstr("1e999")); }

TEST(ParseJson, TakesCommentsOnlyWhenAsked) {
  const std::string text = "// one\n{\"a\": /* two */ 1}";
  EXPECT_EQ(parse_json(text, "f", ErrorKind::kConfig, /*allow_comments=*/true), Json({{"a", 1}}));
  EXPECT_THAT(fault_in(text), StartsWith("malformed JSON at line 1, column 1"));
}

TEST(ParseJson, NamesTheSecondPlaceOfARepeatedKey) {
  EXPECT_EQ(fault_in("{\"a\": 1,\n \"b\": 2, \"a\": 3}"),
            "key \"a\" stands twice in one object, the second time at line 2, column 10");
}

TEST(ParseJson, FindsARepeatedKeyThroughEscapes) {
  EXPECT_EQ(fault_in(R"({"\"x\\": 1, "\"\u0078\\": 2})"),
            "key \"\"x\\\" stands twice in one object, the second time at line 1, column 14");
}

TEST(ParseJson, FindsARepeatedKeyAmongMany) {
  std::string text = "{\"k7\": 0";
  for (int i = 0; i < 30; ++i) text += str_cat(", \"", i, "\": ", i);
  EXPECT_THAT(parse_json(text + "}", "f"), SizeIs(31));
  EXPECT_THAT(fault_in(text + ", \"29\": 1}"), StartsWith("key \"29\" stands twice"));
  EXPECT_THAT(fault_in(text + ", \"k7\": 1}"), StartsWith("key \"k7\" stands twice"));
}

TEST(ParseJson, TakesOneKeyInDifferentObjects) {
  EXPECT_EQ(parse_json(R"([{"a": {"a": 1}}, {"a": {"a": 2}}])", "f").dump(),
            R"([{"a":{"a":1}},{"a":{"a":2}}])");
}

TEST(ParseJson, RefusesInvalidUtf8) {
  EXPECT_EQ(fault_in("{\n\"a\": \"\xFF\"}"), "not valid UTF-8 at line 2, column 7; re-encode the text");
  EXPECT_THAT(fault_in("[\"\xED\xA0\x80\"]"),
              StartsWith("not valid UTF-8 at line 1, column 3"));  // a surrogate
}

TEST(ParseJson, RefusesWhatIsNestedTooDeep) {
  EXPECT_NO_THROW(parse_json(std::string(200, '[') + std::string(200, ']'), "f"));
  EXPECT_EQ(fault_in(std::string(100'000, '[')), "nested more than 200 deep at line 1, column 201");
}

TEST(ParseJson, DoesNotRepeatALongStringInTheError) {
  EXPECT_THAT(fault_in("[\"" + std::string(1 << 20, 'x')), SizeIs(testing::Lt(300)));
}

// Processor time to read an object of this many keys: the least of a few, for others use the machine too.
double seconds_to_parse(int num_keys) {
  std::string text = "{\"\": 0";
  for (int i = 1; i < num_keys; ++i) text += str_cat(",\"", i, "\":", i);
  text += "}";
  double least = std::numeric_limits<double>::infinity();
  for (int i = 0; i < 4; ++i) {
    const std::clock_t begin = std::clock();
    const Json json = parse_json(text, "f");
    const std::clock_t end = std::clock();
    EXPECT_THAT(json, SizeIs(num_keys));
    EXPECT_EQ(json.back(), num_keys - 1);
    least = std::min(least, static_cast<double>(end - begin) / CLOCKS_PER_SEC);
  }
  return least;
}

// With a look-up in the ordered object for each key, eight times the keys take 64 times as long.
TEST(ParseJson, AnObjectOfManyKeysTakesLinearTime) {
  EXPECT_LT(seconds_to_parse(160'000), 24 * seconds_to_parse(20'000));
}

class LoadJson : public FileTest {};

TEST_F(LoadJson, NamesTheFile) {
  const Error error = error_of([&] { load_json(put("c.json", "{"), ErrorKind::kCheckpoint); });
  EXPECT_EQ(error.kind(), ErrorKind::kCheckpoint);
  EXPECT_THAT(error.context(), EndsWith("/c.json"));
  EXPECT_EQ(error_of([&] { load_json(folder_ / "absent.json"); }).kind(), ErrorKind::kIo);
  EXPECT_EQ(load_json(put("d.json", "[1]")), Json::array({1}));
}

}  // namespace
}  // namespace xlt
