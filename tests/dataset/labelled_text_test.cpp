// SPDX-License-Identifier: Apache-2.0
#include "xlt/dataset/labelled_text.h"

#include "scratch_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "xlt/base/error.h"
#include "xlt/base/file.h"

namespace xlt {
namespace {

using ::testing::HasSubstr;

class LabelledTexts : public FolderTest {
 protected:
  std::string write(const char* name, const std::string& text) const {
    write_file(folder_ / name, text);
    return (folder_ / name).string();
  }
  std::string complaint(const std::string& rows) const {
    try {
      read_labelled_texts({write("bad.jsonl", rows)}, "und");
      return "";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kData);
      return error.what();
    }
  }
};

TEST_F(LabelledTexts, LabelsAreNumbersOrTruthOfSeveralFiles) {
  const auto rows = read_labelled_texts(
      {write("a.jsonl",
             "{\"text\":\"a\",\"label\":1,\"language\":\"EN_us\"}\n{\"text\":\"b\",\"label\":0.25}\n"
             "{\"text\":\"c\",\"label\":true}\n"),
       write("b.csv", "text,label,language\nd,0.5,de\n")},
      "fr");
  ASSERT_EQ(rows.size(), 4);
  EXPECT_EQ(rows[0].language, "en-US");
  EXPECT_EQ(rows[1].language, "fr");
  EXPECT_EQ(rows[1].label, 0.25);
  EXPECT_FALSE(rows[1].is_positive());
  EXPECT_EQ(rows[2].label, 1);
  EXPECT_TRUE(rows[3].is_positive());
  EXPECT_THAT(rows[3].place, HasSubstr("b.csv"));
}

TEST_F(LabelledTexts, AnIdIsATextANumberOrNone) {
  const auto rows = read_labelled_texts(
      {write("a.jsonl",
             "{\"id\":\"r7\",\"text\":\"a\",\"label\":1}\n{\"id\":7,\"text\":\"b\",\"label\":0}\n"
             "{\"id\":null,\"text\":\"c\",\"label\":0}\n{\"text\":\"d\",\"label\":0}\n")},
      "und");
  EXPECT_EQ(rows[0].id, "r7");
  EXPECT_EQ(rows[1].id, "7");
  EXPECT_EQ(rows[2].id, "");
  EXPECT_EQ(rows[3].id, "");
}

TEST_F(LabelledTexts, ABadRowIsNamed) {
  EXPECT_THAT(complaint("{\"text\":\"a\",\"label\":1}\n{\"text\":\"a\",\"label\":1.5}\n"),
              HasSubstr("bad.jsonl:2"));
  EXPECT_THAT(complaint("{\"text\":\"a\",\"label\":\"toxic\"}\n"), HasSubstr("no number from 0"));
  EXPECT_THAT(complaint("{\"text\":\"a\"}\n"), HasSubstr("no field \"label\""));
  EXPECT_THAT(complaint("{\"text\":\"a\",\"label\":null}\n"), HasSubstr("\"label\" is null"));
  EXPECT_THAT(complaint("{\"text\":\"a\",\"label\":null}\n"), HasSubstr("bad.jsonl:1"));
  EXPECT_THAT(complaint("{\"text\":\"a\",\"label\":1,\"language\":\"klingonese\"}\n"), HasSubstr("language"));
  EXPECT_THAT(complaint(""), HasSubstr("bad.jsonl"));
}

TEST_F(LabelledTexts, AFileThatIsGivenTwiceIsRefused) {
  const std::string rows = write("a.csv", "text,label\na,1\nb,0\n");
  try {
    read_labelled_texts({rows, write("b.csv", "text,label\nb,0\na,1\n")}, "und");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kData);
    EXPECT_THAT(error.what(), HasSubstr("b.csv: holds the same rows as " + rows));
  }
}

}  // namespace
}  // namespace xlt
