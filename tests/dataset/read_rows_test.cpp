// SPDX-License-Identifier: Apache-2.0
// Rows of JSONL, JSON, CSV, TSV and text files, and what is said about broken ones.
#include "dataset/data_testing.h"

#include <fstream>
#include <memory>
#include <thread>

#include <sys/stat.h>
#include <unistd.h>

#include "xlt/base/join.h"
#include "xlt/base/json.h"
#include "xlt/dataset/reader.h"

namespace xlt {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

class ReadRows : public DataTest {
 protected:
  Error error(const std::string& name, const std::string& text) const {
    const std::string path = file(name, text);
    return error_of([&] { read_rows(path); });
  }
};

TEST_F(ReadRows, JsonLinesKeepTheLineTheyStoodOn) {
  const auto rows = read_rows(file("a.jsonl", "{\"text\":\"one\"}\n\n  \n{\"text\":\"two\",\"n\":3}\r\n"));
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].text("text"), "one");
  EXPECT_EQ(rows[1].text("text"), "two");
  EXPECT_EQ(rows[1].fields().at("n"), 3);
  EXPECT_THAT(rows[0].place(), EndsWith("a.jsonl:1"));
  EXPECT_THAT(rows[1].place(), EndsWith("a.jsonl:4"));
}

TEST_F(ReadRows, LastLineNeedsNoNewline) {
  EXPECT_EQ(read_rows(file("a.jsonl", "{\"text\":\"one\"}\n{\"text\":\"two\"}")).size(), 2u);
}

TEST_F(ReadRows, ByteOrderMarkIsSkipped) {
  const std::string bom = "\xEF\xBB\xBF";
  EXPECT_EQ(read_rows(file("a.jsonl", bom + "{\"text\":\"x\"}\n"))[0].text("text"), "x");
  EXPECT_EQ(read_rows(file("a.csv", bom + "text\nx\n"))[0].text("text"), "x");
  EXPECT_EQ(read_rows(file("a.tsv", bom + "text\tn\nx\t1\n"))[0].text("text"), "x");
  EXPECT_EQ(read_rows(file("a.json", bom + "[{\"text\":\"x\"}]"))[0].text("text"), "x");
}

TEST_F(ReadRows, JsonFileHoldsAnArrayOrAnObjectALine) {
  const auto array = read_rows(file("a.json", "[\n{\"text\":\"one\"},\n{\"text\":\"two\"}]\n"));
  ASSERT_EQ(array.size(), 2u);
  EXPECT_EQ(array[1].text("text"), "two");
  EXPECT_THAT(array[1].place(), EndsWith("a.json: [1]"));
  const auto lines = read_rows(file("b.json", "{\"text\":\"one\"}\n{\"text\":\"two\"}\n"));
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_THAT(lines[1].place(), EndsWith("b.json:2"));
}

TEST_F(ReadRows, MalformedJsonNamesFileAndLine) {
  const Error e = error("a.jsonl", "{\"text\":\"one\"}\n{\"text\": two}\n");
  EXPECT_EQ(e.kind(), ErrorKind::kData);
  EXPECT_THAT(e.context(), EndsWith("a.jsonl:2"));
  EXPECT_THAT(e.message(), HasSubstr("malformed JSON"));
}

TEST_F(ReadRows, TruncatedJsonNamesFileAndLine) {
  const Error e = error("a.jsonl", "{\"text\":\"one\"}\n\n{\"text\": \"tw");
  EXPECT_EQ(e.kind(), ErrorKind::kData);
  EXPECT_THAT(e.context(), EndsWith("a.jsonl:3"));
}

TEST_F(ReadRows, JsonLineThatIsNoObjectIsAnError) {
  const Error e = error("a.jsonl", "[1, 2]\n");
  EXPECT_EQ(e.kind(), ErrorKind::kData);
  EXPECT_THAT(e.what(), HasSubstr("a.jsonl:1: expected one JSON object a line"));
  EXPECT_THAT(error("b.json", "[{\"text\":\"x\"}, 7]").what(), HasSubstr("b.json: [1]: expected an object"));
}

TEST_F(ReadRows, InvalidUtf8NamesFileAndLine) {
  for (const auto& [name, text] :
       {std::pair<std::string, std::string>{"a.jsonl", "{\"t\":\"x\"}\n{\"t\":\"\xC3(\"}\n"},
        {"a.csv", "t\n\xC3(\n"},
        {"a.tsv", "t\n\xC3(\n"},
        {"a.txt", "x\n\xC3(\n"},
        {"a.json", "{\"t\":\"x\"}\n{\"t\":\"\xC3(\"}\n"}}) {
    const Error e = error(name, text);
    EXPECT_EQ(e.kind(), ErrorKind::kData) << name;
    EXPECT_THAT(e.context(), EndsWith(name + ":2"));
    EXPECT_THAT(e.message(), HasSubstr("UTF-8"));
  }
}

TEST_F(ReadRows, WhatIsNoTextIsNamed) {
  using namespace std::string_literals;
  const std::pair<std::string, const char*> contents[] = {{"\x1F\x8B\x08\0\n..."s, "gzip"},
                                                          {"PAR1\x15\x04\n..."s, "Parquet"},
                                                          {"PK\x03\x04\x14\0"s, "zip archive"},
                                                          {"\xFF\xFE{\0\"\0"s, "UTF-16"},
                                                          {"{\0\"\0a\0"s, "UTF-16"},
                                                          {"\x28\xB5\x2F\xFD\x24"s, "zstd"},
                                                          {"\xFF\xFE\0\0{\0\0\0"s, "UTF-32"},
                                                          {"BZh91AY"s, "bzip2"}};
  for (const char* name : {"a.jsonl", "a.json", "a.csv", "a.tsv", "a.txt"})
    for (const auto& [content, kind] : contents) {
      const Error fault = error(name, content);
      EXPECT_EQ(fault.kind(), ErrorKind::kData);
      EXPECT_THAT(fault.what(), HasSubstr(std::string(name) + ": is "));
      EXPECT_THAT(fault.what(), HasSubstr(kind));
    }
}

TEST_F(ReadRows, CsvCellsMayHoldCommasNewlinesAndQuotes) {
  const auto rows = read_rows(
      file("a.csv", "id,text\r\n1,\"one, two\"\r\n2,\"line\nbreak\"\r\n\r\n3,\"say \"\"hi\"\"\"\r\n4,\n"));
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_EQ(rows[0].text("text"), "one, two");
  EXPECT_EQ(rows[1].text("text"), "line\nbreak");
  EXPECT_EQ(rows[2].text("text"), "say \"hi\"");
  EXPECT_EQ(rows[3].text("text"), "");
  EXPECT_THAT(rows[2].place(), EndsWith("a.csv:6"));
}

TEST_F(ReadRows, UnterminatedQuoteNamesTheLineWhereItOpened) {
  const Error e = error("a.csv", "id,text\n1,fine\n2,\"never closed\n3,x\n");
  EXPECT_EQ(e.kind(), ErrorKind::kData);
  EXPECT_THAT(e.context(), EndsWith("a.csv:3"));
  EXPECT_THAT(e.message(), HasSubstr("never closed"));
}

TEST_F(ReadRows, WrongNumberOfCellsIsAnErrorInCsvAndTsv) {
  const Error csv = error("a.csv", "a,b\n1,2\n1,2,3\n");
  EXPECT_EQ(csv.kind(), ErrorKind::kData);
  EXPECT_THAT(csv.what(), HasSubstr("a.csv:3: has 3 cells; the header has 2"));
  EXPECT_THAT(error("a.tsv", "a\tb\n1\n").what(), HasSubstr("a.tsv:2: has 1 cells; the header has 2"));
}

TEST_F(ReadRows, ColumnNamedTwiceIsAnError) {
  EXPECT_THAT(error("a.csv", "text,id,text\n1,2,3\n").what(), HasSubstr("a.csv:1: column \"text\""));
  EXPECT_THAT(error("a.tsv", "text\ttext\n1\t2\n").what(), HasSubstr("a.tsv:1: column \"text\""));
}

TEST_F(ReadRows, TsvHasNoQuoting) {
  EXPECT_EQ(read_rows(file("a.tsv", "text\tn\n\"open, and, on\t1\n"))[0].text("text"), "\"open, and, on");
}

// A few hundred kilobytes of commas or tabs; looking for each name among those before it would take minutes.
TEST_F(ReadRows, VeryManyColumnsAreRead) {
  constexpr int kColumns = 300'000;
  std::string header;
  for (int i = 0; i < kColumns; ++i) append_item(header, std::to_string(i), ",");
  const auto rows = read_rows(file("wide.csv", header + "\n" + std::string(kColumns - 1, ',') + "\n"));
  EXPECT_EQ(rows.at(0).fields().size(), static_cast<size_t>(kColumns));
  const auto plain = read_tsv_without_header(file("wide.tsv", std::string(kColumns - 1, '\t') + "x\n"));
  EXPECT_EQ(plain.at(0).text("299999"), "x");
}

TEST_F(ReadRows, TsvWithoutHeaderNumbersItsFields) {
  const auto rows = read_tsv_without_header(file("a.tsv", "\"Hallo\tHello\nallein\n"));
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].text("0"), "\"Hallo");
  EXPECT_EQ(rows[0].text("1"), "Hello");
  EXPECT_FALSE(rows[1].has("1"));
}

TEST_F(ReadRows, TextFileIsOneTextALine) {
  const auto rows = read_rows(file("a.txt", "first line\n\nsecond, line\n"));
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[1].text("text"), "second, line");
}

TEST_F(ReadRows, AFormatThatIsNamedNeedsNoExtension) {
  EXPECT_EQ(read_rows(file("a", "text\nx\n"), RowFormat::kCsv)[0].text("text"), "x");
  EXPECT_EQ(read_rows(file("a", "a\ttext\n1\tx\n"), RowFormat::kTsv)[0].text("text"), "x");
  EXPECT_EQ(read_rows(file("a", "[{\"text\":\"x\"}]"), RowFormat::kJson)[0].text("text"), "x");
  EXPECT_EQ(read_rows(file("a.csv", "{\"text\":\"x\"}"), RowFormat::kJsonLines)[0].text("text"), "x");
  for (const auto& name : row_format_names()) EXPECT_NO_THROW(parse_row_format(name));
  EXPECT_THAT(error_of([] { parse_row_format("jsnl"); }).message(), HasSubstr("did you mean \"jsonl\"?"));
}

// What a pipe holds is read once, so that a first look cannot be taken back.
TEST_F(ReadRows, APipeHoldsJsonIfItsFirstCharacterSaysSo) {
  const auto of_pipe = [&](const std::string& text) {
    const std::string path = (folder_ / "pipe").string();
    ::unlink(path.c_str());
    EXPECT_EQ(::mkfifo(path.c_str(), 0600), 0);
    std::thread writer([&] { std::ofstream(path) << text; });
    const auto joined = std::unique_ptr<std::thread, void (*)(std::thread*)>(
        &writer, [](std::thread* thread) { thread->join(); });
    return read_rows(path);
  };
  const auto lines = of_pipe("\xEF\xBB\xBF\n {\"text\":\"a\"}\n{\"text\":\"b\"}");
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_THAT(lines[1].place(), EndsWith("pipe:3"));
  const auto array = of_pipe("[{\"text\":\"a\"},\n{\"text\":\"b\"}]\n");
  ASSERT_EQ(array.size(), 2u);
  EXPECT_EQ(array[1].text("text"), "b");
  EXPECT_THAT(error_of([&] { of_pipe("text\na\n"); }).what(),
              HasSubstr("pipe:1: begins with neither { nor ["));
}

TEST_F(ReadRows, AFaultInAnArrayNamesItsLine) {
  EXPECT_THAT(error("a.json", "\n\n[{\"text\":\"x\"},\n{\"text\" 1}]").what(), HasSubstr("line 4"));
}

TEST_F(ReadRows, RowsComeOneAtATime) {
  RowReader rows(file("a.jsonl", "{\"text\":\"one\"}\nbroken\n"));
  EXPECT_EQ(rows.next()->text("text"), "one");
  EXPECT_EQ(error_of([&] { rows.next(); }).kind(), ErrorKind::kData);
}

TEST_F(ReadRows, FileWithoutRowsIsAnError) {
  for (const auto& [name, text] : {std::pair<std::string, std::string>{"a.jsonl", ""},
                                   {"b.jsonl", "\n \n"},
                                   {"a.csv", ""},
                                   {"b.csv", "a,b\n"},
                                   {"a.tsv", "a\tb\n"},
                                   {"a.json", "[]"},
                                   {"a.txt", "\n"}}) {
    const Error e = error(name, text);
    EXPECT_EQ(e.kind(), ErrorKind::kData) << name;
    EXPECT_THAT(e.what(), HasSubstr(name + ": holds no rows"));
  }
}

TEST_F(ReadRows, UnknownExtensionSaysWhatIsKnown) {
  const Error e = error("a.parquet", "x");
  EXPECT_EQ(e.kind(), ErrorKind::kData);
  EXPECT_THAT(e.message(), HasSubstr(".jsonl, .json, .csv, .tsv or .txt"));
  EXPECT_THAT(e.message(), HasSubstr("scripts/parquet_to_jsonl.py"));
  EXPECT_THAT(error("a.xlsx", "x").message(), Not(HasSubstr("parquet")));
}

TEST_F(ReadRows, ANameOfTheHubIsNotFetched) {
  const Error e = error_of([] { read_rows("trl-lib/ultrafeedback_binarized"); });
  EXPECT_EQ(e.kind(), ErrorKind::kIo);
  EXPECT_THAT(e.message(), HasSubstr("data sets of the hub are not fetched"));
  EXPECT_THAT(e.message(), HasSubstr("scripts/fetch_data.sh"));
  for (const char* name : {"./trl-lib", "/trl-lib/name", "a/b/c", "name", "org/name.parquet"})
    EXPECT_THAT(error_of([&] { read_rows(name); }).message(), HasSubstr("is not known")) << name;
}

TEST_F(ReadRows, AbsentFileIsAnIoError) {
  EXPECT_EQ(error_of([&] { read_rows(folder_ / "none.jsonl"); }).kind(), ErrorKind::kIo);
}

TEST_F(ReadRows, MissingFieldOffersTheNearest) {
  const auto rows = read_rows(file("a.jsonl", "{\"promt\":\"x\",\"chosen\":\"y\"}\n"));
  const Error e = error_of([&] { rows[0].text("prompt"); });
  EXPECT_EQ(e.kind(), ErrorKind::kData);
  EXPECT_THAT(e.context(), EndsWith("a.jsonl:1"));
  EXPECT_THAT(e.message(), HasSubstr("did you mean \"promt\"?"));
}

TEST_F(ReadRows, FieldThatIsNoTextIsAnErrorAndNullIsAbsent) {
  const auto rows = read_rows(file("a.jsonl", "{\"n\":3,\"text\":null}\n"));
  EXPECT_FALSE(rows[0].has("text"));
  EXPECT_EQ(rows[0].text_if_present("text"), std::nullopt);
  EXPECT_THAT(error_of([&] { rows[0].text("text"); }).what(),
              HasSubstr("a.jsonl:1: field \"text\" is null; expected a text"));
  EXPECT_THAT(error_of([&] { rows[0].text("n"); }).what(), HasSubstr("a.jsonl:1: n: expected a string"));
}

}  // namespace
}  // namespace xlt
