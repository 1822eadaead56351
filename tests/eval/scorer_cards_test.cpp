// SPDX-License-Identifier: Apache-2.0
// A card is taken for the scorer that it is of, and a refusal says how they differ.
#include "eval/scorer_cards.h"

#include "scratch_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/json.h"

namespace xlt {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class NamedScorer final : public TextScorer {
 public:
  NamedScorer(std::string name, std::string hash) : name_(std::move(name)), hash_(std::move(hash)) {}
  std::string name() const override { return name_; }
  std::string hash() const override { return hash_; }
  std::optional<Unscored> refusal(const std::string&) const override { return std::nullopt; }
  std::vector<ScoreResult> score(std::span<const ScoreRequest> requests) override {
    return std::vector<ScoreResult>(requests.size(), Score{0});
  }

 private:
  std::string name_, hash_;
};

class ScorerCardsTest : public FolderTest {
 protected:
  std::string card_of(const std::string& name, const std::string& hash) const {
    const fs::path file = folder_ / "card.json";
    write_file(file, R"({"scorer": ")" + name + R"(", "scorer_hash": ")" + hash +
                         R"(", "languages": {"en": {"n": 9, "auc": 0.75, "auc_ci95": [0.5, 1]}}})");
    return file.string();
  }
  std::string refusal_of(const std::string& card, NamedScorer asked) const {
    try {
      ScorerCards({card}, {&asked});
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kUsage);
      return error.what();
    }
    return "nothing was thrown";
  }
};

TEST_F(ScorerCardsTest, AreFoundByTheHashOfTheirScorer) {
  NamedScorer asked("word_list", "0123456789");
  const ScorerCards cards({card_of("word_list", "0123456789")}, {&asked});
  EXPECT_EQ(cards.of("0123456789", "en-GB").at("auc"), 0.75);
  EXPECT_TRUE(cards.of("another", "en").is_null());
}

TEST_F(ScorerCardsTest, OfOtherWordListsAreToldApartByHashAndHowTheRightOneIsMade) {
  const std::string refusal =
      refusal_of(card_of("word_list", "0123456789"), NamedScorer("word_list", "abcdefghij"));
  EXPECT_THAT(refusal, HasSubstr("the card is of word_list (01234567)"));
  EXPECT_THAT(refusal, HasSubstr("this evaluation asks word_list (abcdefgh)"));
  EXPECT_THAT(refusal, HasSubstr("of other lists"));
  EXPECT_THAT(refusal, HasSubstr("xlt card --scorer word_list --toxic-words DATA"));
}

TEST_F(ScorerCardsTest, OfAnotherKindOfScorerSayNothingOfLists) {
  const std::string refusal = refusal_of(card_of("word_list", "01"), NamedScorer("probe:one", "02"));
  EXPECT_THAT(refusal, HasSubstr("this evaluation asks probe:one (02). Make a card of what is asked"));
  EXPECT_THAT(refusal, Not(HasSubstr("--toxic-words")));
}

}  // namespace
}  // namespace xlt
