// SPDX-License-Identifier: Apache-2.0
// The layouts of Tatoeba's files, and rows of none.
#include "xlt/dataset/tatoeba_row.h"

#include "scratch_folder.h"

#include <gtest/gtest.h>

#include "xlt/base/file.h"

namespace xlt {
namespace {

class TatoebaRow : public FolderTest {
 protected:
  std::string text(const std::string& line) const {
    write_file(folder_ / "rows.tsv", line + "\n");
    return tatoeba_text(read_tsv_without_header(folder_ / "rows.tsv").at(0)).value_or("(none)");
  }
};

TEST_F(TatoebaRow, FindsTheSentenceOfEachLayout) {
  for (const char* row : {"Wo ist er?", "Wo ist er?\tWhere is he?", "78\tWo ist er?", "78\tdeu\tWo ist er?",
                          "78\t\\N\tWo ist er?", "Where is he?\tWo ist er?\tCC-BY 2.0 (France) Attribution",
                          "78\tWo ist er?\t88", "78\tWo ist er?\t88\tWhere is he?", "Wo ist er?\t\t",
                          "78\tdeu\tWo ist er?\tsomeone\t2010-01-01 00:00:00\t2011-01-01 00:00:00"})
    EXPECT_EQ(text(row), "Wo ist er?") << row;
}

TEST_F(TatoebaRow, ARowOfNoLayoutHasNone) {
  for (const char* row : {"78", "a\tb\tc", "a\tb\tc\td", "78\tdeu\tx\ty\tz", "1\t2\t3\t4\t5\t6\t7"})
    EXPECT_EQ(text(row), "(none)") << row;
}

TEST_F(TatoebaRow, FindsTheEnglishOfLayoutsThatHaveIt) {
  const auto english = [&](const std::string& line) {
    write_file(folder_ / "rows.tsv", line + "\n");
    return translated_text(read_tsv_without_header(folder_ / "rows.tsv").at(0))->english.value_or("(none)");
  };
  for (const char* row :
       {"Wo ist er?\tWhere is he?", "Where is he?\tWo ist er?\tCC-BY 2.0 (France) Attribution",
        "78\tWo ist er?\t88\tWhere is he?"})
    EXPECT_EQ(english(row), "Where is he?") << row;
  for (const char* row : {"Wo ist er?", "78\tWo ist er?", "78\tdeu\tWo ist er?", "78\tWo ist er?\t88"})
    EXPECT_EQ(english(row), "(none)") << row;
}

}  // namespace
}  // namespace xlt
