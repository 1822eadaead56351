// SPDX-License-Identifier: Apache-2.0
#include "xlt/base/quoting.h"

#include <gtest/gtest.h>

#include "xlt/base/json.h"

namespace xlt {
namespace {

TEST(Quoting, AFieldOfCsvIsInQuotesWhereItMustBe) {
  EXPECT_EQ(csv_field("plain text"), "plain text");
  EXPECT_EQ(csv_field("a,b"), "\"a,b\"");
  EXPECT_EQ(csv_field("a \"b\""), "\"a \"\"b\"\"\"");
  EXPECT_EQ(csv_field("two\nlines"), "\"two\nlines\"");
  EXPECT_EQ(csv_field(Json()), "");
  EXPECT_EQ(csv_field(0.1), "0.1");
  EXPECT_EQ(csv_quoted("a \"b\""), "\"a \"\"b\"\"\"");
  EXPECT_EQ(csv_quoted(""), "\"\"");
}

TEST(Quoting, MarkupHasNoTagsAndNoReferences) {
  EXPECT_EQ(markup_text("a < b && c > d"), "a &lt; b &amp;&amp; c > d");
  EXPECT_EQ(markup_text("&lt;"), "&amp;lt;");
  EXPECT_EQ(markup_text("x]]>y]>z>"), "x]]&gt;y]>z>");  // XML 1.0, section 2.4
}

TEST(Quoting, AShellTakesAWordAsOne) {
  EXPECT_EQ(shell_word("runs/a-b_1.json"), "runs/a-b_1.json");
  EXPECT_EQ(shell_word("my model"), "'my model'");
  EXPECT_EQ(shell_word("it's"), "'it'\\''s'");
  EXPECT_EQ(shell_word("$HOME"), "'$HOME'");
  EXPECT_EQ(shell_word(""), "''");
  EXPECT_EQ(shell_quoted("plain"), "'plain'");
}

}  // namespace
}  // namespace xlt
