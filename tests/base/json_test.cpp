// SPDX-License-Identifier: Apache-2.0
// Views fail with the JSON path and what was expected; what is written can be read.
#include "xlt/base/json.h"

#include "base/base_testing.h"

#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "xlt/base/json_or_null.h"

namespace xlt {
namespace {

using ::testing::ElementsAre;

class View : public testing::Test {
 protected:
  std::string fault(const std::function<void(const JsonView&)>& read) const {
    const Error error = error_of([&] { read(view_); });
    EXPECT_EQ(error.kind(), ErrorKind::kCheckpoint);
    return error.what();
  }

  Json json_ = parse_json(R"({"hidden_size": 640, "eps": 1e-6, "tie": true, "type": "llama", "none": null,
                              "layers": [{"kind": "full"}, {"kind": 3}], "ids": [1, 2], "names": ["a", "b"],
                              "huge": 18446744073709551615})",
                          "test");
  JsonView view_{json_, "config.json", ErrorKind::kCheckpoint};
};

TEST_F(View, ReadsEveryType) {
  EXPECT_EQ(view_.at("hidden_size").as_int(), 640);
  EXPECT_EQ(view_.at("eps").as_double(), 1e-6);
  EXPECT_EQ(view_.at("hidden_size").as_double(), 640.0);
  EXPECT_TRUE(view_.at("tie").as_bool());
  EXPECT_EQ(view_.at("type").as_string(), "llama");
  EXPECT_THAT(view_.at("ids").as_ints(), ElementsAre(1, 2));
  EXPECT_THAT(view_.at("names").as_strings(), ElementsAre("a", "b"));
  EXPECT_THAT(view_.at("layers").at(size_t{0}).keys(), ElementsAre("kind"));
  EXPECT_EQ(view_.at("layers").size(), 2u);
}

TEST_F(View, PlaceIsTheFileAndTheJsonPath) {
  EXPECT_EQ(view_.place(), "config.json");
  EXPECT_EQ(view_.at("layers").at(1).at("kind").place(), "config.json: layers[1].kind");
}

TEST_F(View, AWrongTypeNamesThePathAndBothTypes) {
  EXPECT_EQ(fault([](auto view) { view.at("layers").at(1).at("kind").as_string(); }),
            "config.json: layers[1].kind: expected a string, found a number");
  EXPECT_EQ(fault([](auto view) { view.at("type").as_int(); }),
            "config.json: type: expected an integer, found a string");
  EXPECT_EQ(fault([](auto view) { view.at("eps").as_int(); }),
            "config.json: eps: expected an integer, found a number");
  EXPECT_EQ(fault([](auto view) { view.at("ids").as_double(); }),
            "config.json: ids: expected a number, found an array");
  EXPECT_EQ(fault([](auto view) { view.at("layers").at(size_t{0}).as_bool(); }),
            "config.json: layers[0]: expected true or false, found an object");
  EXPECT_EQ(fault([](auto view) { view.at("tie").size(); }),
            "config.json: tie: expected an array, found a boolean");
  EXPECT_EQ(fault([](auto view) { view.at("ids").keys(); }),
            "config.json: ids: expected an object, found an array");
  EXPECT_EQ(fault([](auto view) { view.at("names").as_ints(); }),
            "config.json: names[0]: expected an integer, found a string");
}

TEST_F(View, AnIntegerBeyond63BitsIsRefusedAndNotWrapped) {
  EXPECT_EQ(fault([](auto view) { view.at("huge").as_int(); }),
            "config.json: huge: expected an integer below 2^63, found 18446744073709551615");
}

TEST_F(View, ANullIsCalledNullAndNotMisspelt) {
  EXPECT_EQ(fault([](auto view) { view.at("none"); }), "config.json: none: is null; a value is needed");
}

TEST_F(View, AMissingKeyOffersTheNearest) {
  EXPECT_EQ(fault([](auto view) { view.at("hiden_size"); }),
            "config.json: hiden_size: missing; did you mean \"hidden_size\"?");
  EXPECT_EQ(fault([](auto view) { view.at("vocab"); }), "config.json: vocab: missing");
  EXPECT_EQ(fault([](auto view) { view.at("ids").at(2); }), "config.json: ids: has no element 2");
  EXPECT_EQ(fault([](auto view) { view.at("ids").at("a"); }),
            "config.json: ids: expected an object, found an array");
}

TEST_F(View, GetFallsBackWhereAbsentOrNullAndChecksTheTypeOtherwise) {
  EXPECT_EQ(view_.get("hidden_size", 1), 640);
  EXPECT_EQ(view_.get("absent", 7), 7);
  EXPECT_EQ(view_.get("none", 7), 7);
  EXPECT_EQ(view_.get("absent", 0.5), 0.5);
  EXPECT_EQ(view_.get("tie", false), true);
  EXPECT_EQ(view_.get("absent", "x"), "x");
  EXPECT_EQ(fault([](auto view) { view.get("type", 1); }),
            "config.json: type: expected an integer, found a string");
}

TEST_F(View, HasIsFalseForNullAndForWhatIsNoObject) {
  EXPECT_TRUE(view_.has("ids"));
  EXPECT_FALSE(view_.has("none"));
  EXPECT_FALSE(view_.has("absent"));
  EXPECT_FALSE(view_.at("ids").has("x"));
}

TEST(DumpJson, IsCompactUtf8WithNullForWhatIsNotFinite) {
  const Json json = {{"b", "é"}, {"a", {std::numeric_limits<double>::quiet_NaN(), 0.1}}};
  EXPECT_EQ(dump_json(json), "{\"b\":\"é\",\"a\":[null,0.1]}");
  EXPECT_EQ(dump_json(Json{{"a", 1}}, 2), "{\n  \"a\": 1\n}");
}

TEST(DumpJson, ReplacesInvalidUtf8) {
  EXPECT_EQ(dump_json(Json("a\xFF"
                           "b")),
            "\"a\xEF\xBF\xBD"
            "b\"");
}

TEST(KeysOfEither, AreThoseOfObjects) {
  EXPECT_THAT(keys_of_either({{"b", 1}, {"a", 2}}, {{"c", 1}, {"b", 3}}), ElementsAre("a", "b", "c"));
  EXPECT_THAT(keys_of_either(Json(), {{"a", Json()}}), ElementsAre("a"));
  EXPECT_THAT(keys_of_either("a", Json::array({"b"})), testing::IsEmpty());
}

TEST(DumpJson, DoublesComeBackBitForBit) {
  for (double value : {0.1, 1.0 / 3, -2.2250738585072014e-308, 1.7976931348623157e308, 6.02214076e23})
    EXPECT_EQ(parse_json(dump_json(Json(value)), "f").get<double>(), value);
}

}  // namespace
}  // namespace xlt
