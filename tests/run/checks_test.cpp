// SPDX-License-Identifier: Apache-2.0
// Everything is looked at, whatever was found before.
#include "xlt/run/checks.h"

#include "run/run_testing.h"

#include <gmock/gmock.h>

namespace xlt {
namespace {

using ::testing::HasSubstr;

class ChecksOf : public RunTest {
 protected:
  // The fault of the only check that `look` adds; empty where it is fine.
  static std::string fault(const std::function<void(Checks&)>& look) {
    Checks checks;
    look(checks);
    for (const Check& check : checks.results())
      if (!check.ok) return check.what + ": " + check.found;
    return {};
  }
};

TEST_F(ChecksOf, AFaultIsNotedAndTheNextOneLookedAt) {
  Checks checks;
  checks.add("one", [] { return std::string("fine"); });
  checks.add("two", []() -> std::string { throw Error(ErrorKind::kData, "broken", "f:1"); });
  checks.add("three", []() -> std::string {
    return std::to_string(fs::file_size("/absent"));  // throws what the file system says
  });
  checks.add("four", [] { return std::string("fine too"); });
  ASSERT_EQ(checks.results().size(), 4u);
  EXPECT_EQ(checks.results()[1].found, "f:1: broken");
  EXPECT_FALSE(checks.results()[2].ok);
  EXPECT_THAT(checks.results()[2].found, HasSubstr("/absent: No such file"));
  EXPECT_TRUE(checks.results()[3].ok);
  EXPECT_FALSE(checks.all_ok());
}

TEST_F(ChecksOf, WhatIsNotGivenIsNotLookedAt) {
  Checks checks;
  check_model(checks, "");
  check_tokenizer(checks, "");
  check_adapter(checks, "");
  check_rows(checks, "", {"text"});
  EXPECT_TRUE(checks.results().empty());
  EXPECT_TRUE(checks.all_ok());
}

TEST_F(ChecksOf, AModelsConfigAndWeights) {
  const std::string model = make_model();
  const auto of_model = [&](Checks& checks) { check_model(checks, model); };
  EXPECT_EQ(fault(of_model), "");
  const Json config = load_json(fs::path(model) / "config.json");
  Json other = config;
  other["model_type"] = "lama";
  write_file(fs::path(model) / "config.json", dump_json(other));
  EXPECT_THAT(fault(of_model), HasSubstr("did you mean \"llama\"?"));
  write_file(fs::path(model) / "config.json", dump_json(config));
  fs::resize_file(fs::path(model) / "model.safetensors", 100);
  EXPECT_THAT(fault(of_model), HasSubstr("model.safetensors"));
}

TEST_F(ChecksOf, ATokenizerAndAnAdapter) {
  EXPECT_EQ(fault([&](auto& checks) { check_tokenizer(checks, path("tokenizer")); }), "");
  EXPECT_NE(fault([&](auto& checks) { check_tokenizer(checks, path("none")); }), "");
  const std::string adapter = train(adapter_options(make_model(), "run")).at("adapter").get<std::string>();
  Checks checks;
  check_adapter(checks, adapter);
  EXPECT_THAT(checks.results().at(0).found, HasSubstr("LoRA of rank 2 on 7 modules"));
  EXPECT_NE(fault([&](auto& other) { check_adapter(other, path("none")); }), "");
}

TEST_F(ChecksOf, RowsByTheFieldsThatOneOfThemHas) {
  Checks checks;
  check_rows(checks, path("texts.jsonl"), {"text", "continuation"});
  EXPECT_EQ(checks.results().at(0).found, "3 rows");
  EXPECT_THAT(fault([&](auto& other) { check_rows(other, path("pairs.jsonl"), {"text"}); }),
              HasSubstr("pairs.jsonl:1"));
}

}  // namespace
}  // namespace xlt
