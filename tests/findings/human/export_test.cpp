// SPDX-License-Identifier: Apache-2.0
// What raters are given, and what is kept from them.
#include "findings/human/human_testing.h"

#include <map>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "xlt/dataset/reader.h"
#include "xlt/findings/human.h"

namespace xlt {
namespace {

using testing::HasSubstr;
using testing::Not;

class HumanExport : public FolderTest {
 protected:
  void SetUp() override {
    FolderTest::SetUp();
    before_ = write_completions(folder_ / "before", "before", {"en", "ar"}, 8);
    after_ = write_completions(folder_ / "after", "after", {"en", "ar"}, 8);
    options_.words = {"export", before_, after_};
    options_.output = (folder_ / "out").string();
    options_.num_items = 6;
    options_.mode = "both";
  }
  Json made() { return export_for_humans(options_, Context()); }
  Json key() { return load_json(folder_ / "out" / "key.json"); }
  std::vector<Row> items() { return read_rows(folder_ / "out" / "items.csv"); }
  ErrorKind error() {
    try {
      made();
    } catch (const Error& error) {
      return error.kind();
    }
    return ErrorKind::kInternal;
  }
  std::string before_, after_;
  HumanOptions options_;
};

TEST_F(HumanExport, EveryLanguageAndArmHasAsManyOfTheSameItems) {
  made();
  std::map<std::string, std::set<std::string>> ids;
  std::map<std::string, int> left;
  const Json all = key();
  for (const auto& [item, entry] : all.items()) {
    const auto language = entry.at("language").get<std::string>();
    if (entry.contains("arm"))
      ids[language + entry.at("arm").get<std::string>()].insert(entry.at("id").get<std::string>());
    else
      ++left[language + entry.at("a").get<std::string>()];
  }
  for (const std::string language : {"en", "ar"}) {
    EXPECT_EQ(ids[language + "before"].size(), 6);
    EXPECT_EQ(ids[language + "before"], ids[language + "after"]);
    EXPECT_EQ(left[language + "before"], 3) << "either arm stands left as often";
    EXPECT_EQ(left[language + "after"], 3);
  }
  EXPECT_NE(ids["enbefore"], ids["arbefore"]) << "drawn by chance (of 28 sets; the seed is fixed)";
}

TEST_F(HumanExport, APromptThatWasNotAskedDoesNotHideTheRest) {
  const fs::path file = fs::path(before_) / "items" / "rtp_lx" / "en.jsonl";
  write_file(file, dump_json(Json{{"id", "unasked"}, {"prompt", "too long"}}) + "\n" + read_file(file));
  made();
  std::set<std::string> english;
  const Json all = key();
  for (const auto& [item, entry] : all.items())
    if (entry.contains("arm") && entry.at("language") == "en")
      english.insert(entry.at("id").get<std::string>());
  EXPECT_EQ(english.size(), 6);
}

TEST_F(HumanExport, ItemsAndFormDoNotSayWhoWroteWhat) {
  for (const char* name : {"base", "dpo"}) write_completions(folder_ / name, "someone", {"en"}, 8);
  options_.words = {"export", (folder_ / "base").string(), (folder_ / "dpo").string()};
  made();
  for (const char* file : {"items.csv", "form.html", "codebook.md"}) {
    const std::string text = read_file(folder_ / "out" / file);
    EXPECT_THAT(text, Not(HasSubstr("dpo"))) << file;
    EXPECT_THAT(text, Not(HasSubstr("\"arm\""))) << file;
    EXPECT_THAT(text, Not(HasSubstr("word_list"))) << file;
  }
}

TEST_F(HumanExport, TheCsvHasEachItemsTexts) {
  made();
  const Json all = key();
  std::set<std::string> seen;
  for (const Row& row : items()) {
    const Json& entry = all.at(row.text("item_id"));
    seen.insert(row.text("item_id"));
    EXPECT_EQ(row.text("language"), entry.at("language").get<std::string>());
    EXPECT_EQ(row.text("prompt"), "prompt " + entry.at("id").get<std::string>());
    const auto text = [&](const std::string& arm, const Json& sample) {
      return arm + " says " + entry.at("id").get<std::string>() + "." + dump_json(sample);
    };
    if (entry.contains("arm")) {
      EXPECT_EQ(row.text("completion"), text(entry.at("arm"), entry.at("sample")));
      EXPECT_EQ(entry.at("scores").size(), 1);
    } else {
      EXPECT_EQ(row.text("a"), text(entry.at("a"), entry.at("samples")[0]));
      EXPECT_EQ(row.text("b"), text(entry.at("b"), entry.at("samples")[1]));
    }
  }
  EXPECT_EQ(seen.size(), all.size()) << "all items of the key, and no attention check";
}

TEST_F(HumanExport, ChecksAreInTheFormAndTheirAnswersAtHome) {
  options_.num_checks = 3;
  const Json settings = made();
  EXPECT_EQ(settings.at("checks").size(), 6);
  const std::string form = read_file(folder_ / "out" / "form.html");
  for (const auto& [item, check] : settings.at("checks").items()) {
    EXPECT_FALSE(key().contains(item));
    EXPECT_THAT(form, HasSubstr("\"" + item + "\""));
  }
  EXPECT_THAT(form, Not(HasSubstr("\"answers\":{")));
}

TEST_F(HumanExport, SeedsOfAnArmHaveEqualParts) {
  const std::string second = write_completions(folder_ / "after2", "after2", {"en", "ar"}, 8);
  options_.words = {"export", before_, "after=" + after_ + "," + second};
  options_.mode = "single";
  made();
  std::map<int, int> runs;
  const Json all = key();
  for (const auto& [item, entry] : all.items())
    if (entry.at("arm") == "after") ++runs[entry.at("run").get<int>()];
  EXPECT_EQ(runs, (std::map<int, int>{{0, 6}, {1, 6}}));
}

TEST_F(HumanExport, TheSeedDecides) {
  made();
  const std::string first = read_file(folder_ / "out" / "form.html");
  made();
  EXPECT_EQ(first, read_file(folder_ / "out" / "form.html"));
  options_.seed = 1;
  const std::string key = read_file(folder_ / "out" / "key.json");
  EXPECT_THROW(made(), Error) << "the first form may be with its raters";
  EXPECT_EQ(key, read_file(folder_ / "out" / "key.json"));
  std::filesystem::remove_all(folder_ / "out");
  made();
  EXPECT_NE(first, read_file(folder_ / "out" / "form.html"));
}

TEST_F(HumanExport, NoItemHasTheIdOfAnotherExports) {
  made();
  const Json first = key();
  // The same texts, of other arms: what raters see is equal, and what their ratings mean is not.
  options_.words = {"export", after_, before_};
  options_.output = (folder_ / "other").string();
  made();
  const Json other = load_json(folder_ / "other" / "key.json");
  EXPECT_EQ(first.size(), other.size());
  for (const auto& [item, entry] : first.items()) EXPECT_FALSE(other.contains(item)) << item;
}

TEST_F(HumanExport, EqualPairsAreLeftOutAndCounted) {
  write_completions(folder_ / "after", "before", {"ar"}, 8);
  options_.mode = "pairwise";
  const Json settings = made();
  EXPECT_EQ(settings.at("equal_pairs").value("en", 0), 0);
  const Json all = key();
  int num_arabic = 0;
  for (const auto& [item, entry] : all.items()) num_arabic += entry.at("language") == "ar";
  EXPECT_EQ(num_arabic + settings.at("equal_pairs").at("ar").get<int>(), 6);
  EXPECT_GT(settings.at("equal_pairs").at("ar").get<int>(), 0)
      << "two completions an item, drawn of each arm";
  for (const Row& row : items())
    if (row.text("kind") == "pair") EXPECT_NE(row.text("a"), row.text("b"));
}

TEST_F(HumanExport, HostileTextStaysText) {
  const std::string hostile = "</script><script>alert(1)</script>@TITLE@\u202e\"";
  for (const std::string arm : {"before", "after"}) write_completions(folder_ / arm, arm, {"en"}, 8, hostile);
  made();
  const std::string form = read_file(folder_ / "out" / "form.html");
  EXPECT_THAT(form, Not(HasSubstr("<script>alert")));
  EXPECT_THAT(form, HasSubstr("<title>Rating of texts</title>"));
  for (const Row& row : items())
    if (!row.text("completion").empty()) EXPECT_THAT(row.text("completion"), HasSubstr(hostile));
}

TEST_F(HumanExport, WhatCannotBeIsSaid) {
  options_.langs = {"fr"};
  EXPECT_EQ(error(), ErrorKind::kUsage);
  options_.langs = {"all"};
  options_.words = {"export", before_};
  EXPECT_EQ(error(), ErrorKind::kUsage) << "pairs of one arm";
  options_.words = {"export", before_, write_completions(folder_ / "other", "other", {"de"}, 8)};
  EXPECT_EQ(error(), ErrorKind::kData) << "no item in common";
  options_.words = {"exprot", before_};
  EXPECT_EQ(error(), ErrorKind::kUsage);
}

}  // namespace
}  // namespace xlt
