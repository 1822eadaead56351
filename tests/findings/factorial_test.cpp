// SPDX-License-Identifier: Apache-2.0
#include "xlt/findings/factorial.h"

#include <algorithm>

#include <gmock/gmock.h>

#include "xlt/base/error.h"
#include "xlt/base/json.h"
#include "xlt/base/rng.h"

namespace xlt {
namespace {

using ::testing::HasSubstr;

FactorialPlan plan() {
  return {.factors = {{"share", 0.1, 0.4}, {"vocabulary", 1, 8}},
          .terms = {"share", "vocabulary", "share:vocabulary"},
          .contrasts = {{"share", {{"share", 1}}},
                        {"vocabulary", {{"vocabulary", 1}}},
                        {"both", {{"share:vocabulary", 1}}},
                        {"share more than vocabulary", {{"share", 1}, {"vocabulary", -1}}}}};
}

// Two languages of each combination; the value is what the effects make it, plus `noise` times a normal.
std::vector<FactorialBlock> blocks_of(int count, double share, double vocabulary, double both, double noise,
                                      uint64_t seed) {
  std::vector<FactorialBlock> blocks;
  Rng rng(seed);
  for (int i = 0; i < count; ++i) {
    FactorialBlock& block = blocks.emplace_back();
    block.name = "seed-" + std::to_string(i);
    for (int unit = 0; unit < 8; ++unit) {
      const double a = unit & 1 ? 0.5 : -0.5, b = unit & 2 ? 0.5 : -0.5;
      const double value = 10.0 * i + share * a + vocabulary * b + both * a * b + noise * rng.normal();
      block.units.push_back(
          {"l" + std::to_string(unit), {{"share", a > 0 ? 0.4 : 0.1}, {"vocabulary", b > 0 ? 8 : 1}}, value});
    }
  }
  return blocks;
}

TEST(FactorialEffects, AreThosePlantedWhateverTheBlocksAre) {
  const Json found = factorial_effects(plan(), blocks_of(5, 2, -1, 3, 0, 1));
  EXPECT_NEAR(found.at("contrasts")[0].at("estimate").get<double>(), 2, 1e-9);
  EXPECT_NEAR(found.at("contrasts")[1].at("estimate").get<double>(), -1, 1e-9);
  EXPECT_NEAR(found.at("contrasts")[2].at("estimate").get<double>(), 3, 1e-9);
  EXPECT_NEAR(found.at("contrasts")[3].at("estimate").get<double>(), 3, 1e-9);
  EXPECT_EQ(found.at("contrasts")[1].at("n_same_sign"), 5);
  EXPECT_EQ(found.at("n_units"), 40);
}

TEST(FactorialEffects, IntervalsHoldWhatIsThereAndEffectsOfNothingAreRare) {
  int covered = 0, found_nothing = 0;
  constexpr int kTrials = 200;
  for (int trial = 0; trial < kTrials; ++trial) {
    const Json found = factorial_effects(plan(), blocks_of(5, 1, 0, 0, 1, static_cast<uint64_t>(trial)));
    const Json& share = found.at("contrasts")[0];
    covered += share.at("ci95")[0].get<double>() < 1 && share.at("ci95")[1].get<double>() > 1;
    const Json null = factorial_effects(plan(), blocks_of(5, 0, 0, 0, 1, static_cast<uint64_t>(trial + 999)));
    found_nothing += std::none_of(null.at("contrasts").begin(), null.at("contrasts").end(),
                                  [](const Json& row) { return row.at("is_effect").get<bool>(); });
  }
  // 95 %, within four standard errors.
  EXPECT_GE(covered, 177);
  EXPECT_GE(found_nothing, 177);
}

TEST(FactorialEffects, UnitsAtOtherLevelsTakeNoPartAndABlockThatCannotTellIsLeftOut) {
  auto blocks = blocks_of(3, 2, -1, 0, 0.1, 1);
  blocks[0].units.push_back({"never seen", {{"share", 0}, {"vocabulary", 1}}, 1e6});
  blocks[0].units.push_back({"a cognate", {{"share", 0.1}, {"vocabulary", 1}, {"overlap", 0.5}}, 1e6});
  for (FactorialBlock& block : blocks)
    for (FactorialUnit& unit : block.units) unit.factors.try_emplace("overlap", 0);
  blocks[1].units[0].value = std::nullopt;
  for (FactorialUnit& unit : blocks[2].units) unit.factors["share"] = 0.1;
  FactorialPlan asked = plan();
  asked.where = {{"overlap", 0}};
  const Json found = factorial_effects(asked, blocks);
  EXPECT_NEAR(found.at("contrasts")[0].at("estimate").get<double>(), 2, 0.5);
  EXPECT_EQ(found.at("contrasts")[0].at("n_blocks"), 2);
  EXPECT_EQ(found.at("n_units"), 15);
  EXPECT_TRUE(found.at("left_out").contains("seed-2"));
}

TEST(FactorialEffects, OneBlockHasNoInterval) {
  const Json row = factorial_effects(plan(), blocks_of(1, 2, 0, 0, 0, 1)).at("contrasts")[0];
  EXPECT_NEAR(row.at("estimate").get<double>(), 2, 1e-9);
  EXPECT_TRUE(row.at("ci95").is_null());
  EXPECT_TRUE(row.at("is_effect").is_null());
  EXPECT_TRUE(factorial_effects(plan(), {}).at("contrasts")[0].at("estimate").is_null());
}

TEST(FactorialPlan, NamesWhatIsNotThere) {
  FactorialPlan wrong = plan();
  wrong.terms = {"share", "vocabulry"};
  try {
    check_plan(wrong, "analysis");
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("did you mean \"vocabulary\""));
  }
  wrong = plan();
  wrong.contrasts = {{"x", {{"bilingual", 1}}}};
  EXPECT_THROW(check_plan(wrong, "analysis"), Error);
  wrong = plan();
  wrong.factors[0].high = wrong.factors[0].low;
  EXPECT_THROW(check_plan(wrong, "analysis"), Error);
  EXPECT_NO_THROW(check_plan(plan(), "analysis"));
}

}  // namespace
}  // namespace xlt
