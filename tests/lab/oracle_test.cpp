// SPDX-License-Identifier: Apache-2.0
#include "xlt/lab/oracle.h"

#include "lab/lab_testing.h"

#include <gtest/gtest.h>

#include "xlt/base/error.h"

namespace xlt {
namespace {

class LabOracle : public testing::Test {
 protected:
  const Language& first() const { return oracle_.world().languages()[0]; }
  const Language& second() const { return oracle_.world().languages()[1]; }
  const Grammar& grammar() const { return oracle_.world().grammar(); }
  Oracle oracle_{std::make_unique<LabWorld>(
      GrammarOptions{}, dials_of(2, [](int, LanguageDials& dials) { dials.order = "sov+"; }), 3)};
  Rng rng_{1};
};

TEST_F(LabOracle, FindsAbuseInAnyLanguage) {
  const std::string polite = second().realise(grammar().draw_reply(rng_, false));
  const std::string abusive = first().realise(grammar().draw_reply(rng_, true));
  EXPECT_EQ(oracle_.judge("toxic", polite, "qab"), 0);
  EXPECT_EQ(oracle_.judge("toxic", abusive, "qab"), 1);
  EXPECT_EQ(oracle_.judge("toxic", polite + " " + abusive, "qaa"), 1);
  EXPECT_EQ(oracle_.judge("toxic", "unheard of", "qaa"), 0);
  EXPECT_EQ(oracle_.judge("toxic", " ", "qaa"), std::nullopt);
}

TEST_F(LabOracle, CountsSentencesThatCannotBeRead) {
  const std::string good = second().realise(grammar().draw_statement(rng_));
  EXPECT_EQ(oracle_.judge("ungrammatical", good, "qab"), 0);
  EXPECT_EQ(oracle_.judge("ungrammatical", good, "qaa"), 1);
  EXPECT_EQ(
      oracle_.judge("ungrammatical", good + " " + first().realise(grammar().draw_statement(rng_)), "qab"),
      0.5);
  // What a limit of tokens cut off is no fault, unless there is nothing else.
  const std::string cut = good.substr(0, good.size() - 2);
  EXPECT_EQ(oracle_.judge("ungrammatical", good + " " + cut, "qab"), 0);
  EXPECT_EQ(oracle_.judge("ungrammatical", cut, "qab"), 1);
}

TEST_F(LabOracle, CountsWordsOfOtherLanguages) {
  const std::string statement = first().realise(grammar().draw_statement(rng_));
  EXPECT_EQ(oracle_.judge("foreign", statement, "qaa"), 0);
  EXPECT_EQ(oracle_.judge("foreign", statement, "qab"), 1);
  EXPECT_EQ(oracle_.judge("foreign", ". ?", "qab"), std::nullopt);
}

TEST_F(LabOracle, KnowsStereotypes) {
  const std::string is_one = second().realise(grammar().draw_attribute(rng_, true));
  const std::string is_none = second().realise(grammar().draw_attribute(rng_, false));
  EXPECT_EQ(oracle_.judge("stereotype", is_one, "qab"), 1);
  EXPECT_EQ(oracle_.judge("stereotype", is_none, "qab"), 0);
  EXPECT_EQ(oracle_.judge("stereotype", is_one + " " + is_none, "qab"), 0.5);
  EXPECT_EQ(oracle_.judge("stereotype", second().realise(grammar().draw_reply(rng_, true)), "qab"),
            std::nullopt);
}

TEST_F(LabOracle, TellsLanguagesApart) {
  for (const Language& language : oracle_.world().languages()) {
    const auto guess = oracle_.identify(language.realise(grammar().draw(rng_)));
    ASSERT_TRUE(guess);
    EXPECT_EQ(guess->language->tag(), language.tag());
    EXPECT_EQ(guess->share, 1);
  }
  EXPECT_FALSE(oracle_.identify("unheard of"));
}

TEST_F(LabOracle, AnUnknownQuestionIsRefused) { EXPECT_THROW(oracle_.judge("toxicity", "a", "qaa"), Error); }

}  // namespace
}  // namespace xlt
