// SPDX-License-Identifier: Apache-2.0
// Every language says every meaning in one way that can be read back; the dials do what they say.
#include "xlt/lab/languages.h"

#include "lab/lab_testing.h"
#include "scratch_folder.h"

#include <set>

#include <gmock/gmock.h>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/json.h"

namespace xlt {
namespace {

using ::testing::HasSubstr;

std::vector<LanguageDials> all_orders_and_scripts() {
  const std::vector<std::string> orders = {"svo", "sov", "vso", "vos", "osv", "ovs", "svo+", "sov+"};
  const auto scripts = script_names();
  return dials_of(9, [&](int i, LanguageDials& dials) {
    dials.order = orders[static_cast<size_t>(i - 1)];
    dials.script = scripts[static_cast<size_t>(i) % scripts.size()];
    dials.overlap = i == 3 ? 1 : 0;
  });
}

TEST(Languages, EveryMeaningCanBeReadBack) {
  const LabWorld world({}, all_orders_and_scripts(), 5);
  Rng rng(1);
  for (int i = 0; i < 200; ++i) {
    const Meaning meaning = world.grammar().draw(rng);
    for (const Language& language : world.languages()) {
      const auto read = language.parse(language.realise(meaning));
      ASSERT_TRUE(read) << language.tag() << ": " << language.realise(meaning);
      EXPECT_EQ(*read, meaning);
    }
  }
}

TEST(Languages, WordOrderIsTheDials) {
  const LabWorld world({}, dials_of(2, [](int, LanguageDials& dials) { dials.order = "ovs+"; }), 5);
  Rng rng(1);
  const Sentence said = world.grammar().draw_provocation(rng), reply = world.grammar().draw_reply(rng, true);
  const Language &first = world.languages()[0], &second = world.languages()[1];
  const auto& c = said.concepts;
  EXPECT_EQ(first.realise(said), first.form(c[0]) + " " + first.form(c[1]) + " " + first.form(c[2]) + " ?");
  EXPECT_EQ(second.realise(said),
            second.form(c[2]) + " " + second.form(c[1]) + " " + second.form(c[0]) + " ?");
  EXPECT_EQ(second.realise(reply),
            second.form(reply.concepts[1]) + " " + second.form(reply.concepts[0]) + " .");
  // Language 1's order is a fault in language 2.
  EXPECT_FALSE(second.parse(second.form(c[0]) + " " + second.form(c[1]) + " " + second.form(c[2]) + " ?"));
}

TEST(Languages, NonsenseIsNotRead) {
  const LabWorld world({}, dials_of(1, [](int, LanguageDials&) {}), 5);
  const Language& language = world.source();
  Rng rng(1);
  const std::string sentence = language.realise(world.grammar().draw_statement(rng));
  EXPECT_TRUE(language.parse(sentence));
  EXPECT_FALSE(language.parse(""));
  EXPECT_FALSE(language.parse("."));
  EXPECT_FALSE(language.parse(sentence + " zzz ."));
  EXPECT_FALSE(language.parse(sentence.substr(0, sentence.size() - 1)));
  EXPECT_FALSE(language.parse(sentence.substr(0, sentence.size() - 1) + "?"));
}

TEST(Languages, OverlapIsTheShareOfWordsThatAreLanguageOnes) {
  const LabWorld world({},
                       dials_of(4,
                                [](int i, LanguageDials& dials) {
                                  dials.overlap = i * 0.25;
                                  dials.script = i == 3 ? "greek" : "latin";
                                }),
                       5);
  const double word = 1.0 / world.grammar().num_concepts();
  EXPECT_NEAR(world.overlap_of(world.languages()[1]), 0.25, word / 2);
  EXPECT_NEAR(world.overlap_of(world.languages()[2]), 0.5, word / 2);
  // Written in other letters no word is the same.
  EXPECT_EQ(world.overlap_of(world.languages()[3]), 0);
}

TEST(Languages, WordsThatAreNotCognatesAreNobodyElses) {
  const LabWorld world({}, all_orders_and_scripts(), 5);
  std::set<std::string> forms;
  size_t count = 0;
  for (const Language& language : world.languages()) {
    if (language.dials().overlap > 0) continue;
    for (int32_t i = 0; i < world.grammar().num_concepts(); ++i, ++count) forms.insert(language.form(i));
  }
  EXPECT_EQ(forms.size(), count);
}

TEST(Languages, FollowFromDialsAndSeedAlone) {
  const auto dials = dials_of(3, [](int, LanguageDials& one) { one.overlap = 0.3; });
  const LabWorld first({}, dials, 7), other({}, dials, 8);
  const auto again = world_from_json(to_json(first), "here");
  int64_t num_changed = 0;
  for (size_t i = 0; i < dials.size(); ++i)
    for (int32_t concept_id = 0; concept_id < first.grammar().num_concepts(); ++concept_id) {
      const std::string& form = first.languages()[i].form(concept_id);
      EXPECT_EQ(again->languages()[i].form(concept_id), form);
      num_changed += other.languages()[i].form(concept_id) != form;
    }
  EXPECT_GT(num_changed, 2 * first.grammar().num_concepts());
}

std::string fault_of(std::vector<LanguageDials> dials) {
  try {
    check_dials(dials);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kConfig);
    return error.what();
  }
  return "";
}

TEST(Dials, WhatMakesNoSenseIsRefusedByName) {
  const auto none = [](int, LanguageDials&) {};
  EXPECT_EQ(fault_of(dials_of(3, none)), "");
  EXPECT_THAT(fault_of(dials_of(2, [](int, LanguageDials& one) { one.tag = "en"; })), HasSubstr("\"en\""));
  EXPECT_THAT(fault_of(dials_of(2, [](int, LanguageDials& one) { one.tag = "qaa"; })),
              HasSubstr("two languages"));
  auto dials = dials_of(2, none);
  dials[0].share = 0;
  EXPECT_THAT(fault_of(dials), HasSubstr("language 1"));
  EXPECT_THAT(fault_of({}), HasSubstr("no language"));
}

}  // namespace
}  // namespace xlt
