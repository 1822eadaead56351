// SPDX-License-Identifier: Apache-2.0
// Files are read whole or refused, and written whole or not at all.
#include "xlt/base/file.h"

#include "base/base_testing.h"
#include "base/temporary.h"

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <fstream>
#include <numeric>
#include <thread>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "xlt/base/leftovers.h"
#include "xlt/base/mapped_pages.h"
#include "xlt/base/utf8.h"
#include "xlt/base/waiting.h"

namespace xlt {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class File : public FileTest {};

// Files may not grow beyond `bytes` while this lives: a write beyond it fails as on a full disk.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  void (*handler_)(int);
  rlimit before_{};
};

TEST_F(File, ReadsBytesAsTheyAre) {
  const std::string bytes = std::string("a\0\r\n\xFF", 5) + std::string(200'000, 'x');
  EXPECT_EQ(read_file(put("f", bytes)), bytes);
  EXPECT_EQ(read_file(put("empty", "")), "");
}

TEST_F(File, ReadsWhatHasNoSize) { EXPECT_THAT(read_file("/proc/self/status"), HasSubstr("Pid:")); }

TEST_F(File, AFileThatCannotBeReadIsNamedWithTheReason) {
  const std::string absent = (folder_ / "absent").string();
  const std::vector<std::function<void()>> readers = {
      [&] { read_file(absent); }, [&] { MappedFile map(absent); }, [&] { LineReader lines(absent); },
      [&] { sha256_of_file(absent); }};
  for (const auto& read : readers) {
    const Error error = error_of(read);
    EXPECT_EQ(error.kind(), ErrorKind::kIo);
    EXPECT_EQ(error.what(), absent + ": cannot open: No such file or directory");
  }
}

TEST_F(File, AFolderIsNoFile) {
  const std::vector<std::function<void()>> users = {
      [&] { read_file(folder_); }, [&] { MappedFile map(folder_); }, [&] { LineReader lines(folder_); },
      [&] { sha256_of_file(folder_); }, [&] { write_file(folder_, "x"); }};
  for (const auto& use : users) EXPECT_EQ(error_of(use).kind(), ErrorKind::kIo);
}

TEST_F(File, WritesAndReplacesAndLeavesNothingElse) {
  write_file(folder_ / "f", "old");
  write_file(folder_ / "f", "new");
  EXPECT_EQ(bytes_of("f"), "new");
  EXPECT_THAT(names(), ElementsAre("f"));
}

TEST_F(File, WriteMakesTheFoldersOnTheWay) {
  write_file(folder_ / "a" / "b" / "f", "x");
  EXPECT_EQ(bytes_of("a/b/f"), "x");
}

TEST_F(File, ALinkStaysALinkWhenWhatItPointsToIsWritten) {
  put("real", "old");
  fs::create_symlink("real", folder_ / "link");
  write_file(folder_ / "link", "new");
  EXPECT_TRUE(fs::is_symlink(folder_ / "link"));
  EXPECT_EQ(bytes_of("real"), "new");
}

TEST_F(File, ALinkToNothingIsWrittenThrough) {
  fs::create_directories(folder_ / "disk");
  fs::create_symlink("disk/new", folder_ / "link");
  write_file(folder_ / "link", "x");
  EXPECT_TRUE(fs::is_symlink(folder_ / "link"));
  EXPECT_EQ(bytes_of("disk/new"), "x");
}

TEST_F(File, ALoopOfLinksIsAnError) {
  fs::create_symlink("b", folder_ / "a");
  fs::create_symlink("a", folder_ / "b");
  EXPECT_EQ(error_of([&] { write_file(folder_ / "a", "x"); }).kind(), ErrorKind::kIo);
}

TEST_F(File, AnAtomicFileAppearsAtCommitAndNotBefore) {
  put("f", "old");
  AtomicFile out(folder_ / "f"), other(folder_ / "f");  // two at once: each has a file of its own
  out.write("ne");
  out.write("w");
  other.write("other");
  EXPECT_EQ(bytes_of("f"), "old");
  EXPECT_EQ(names().size(), 3u);
  other.commit();
  out.commit();
  EXPECT_EQ(bytes_of("f"), "new");
  EXPECT_THAT(names(), ElementsAre("f"));
}

TEST_F(File, ATemporaryIsReadByNobodyElseAndFollowsNoLink) {
  const TemporaryFile one = make_temporary_file(folder_ / "f");
  EXPECT_EQ(fs::status(one.path).permissions(), fs::perms(0600));
  EXPECT_THAT(one.path.filename().string(), HasSubstr(str_cat("-", ::getpid(), "-")));
  EXPECT_NE(one.path, make_temporary_file(folder_ / "f").path);
  ::close(one.descriptor);
}

TEST_F(File, ModesAreKept) {
  const fs::path file = put("f", "old");
  for (const auto mode : {0600, 0640, 0444, 0755}) {
    fs::permissions(file, fs::perms(mode));
    write_file(file, "new");
    EXPECT_EQ(fs::status(file).permissions(), fs::perms(mode));
  }
  put("usual", "");
  write_file(folder_ / "new", "x");
  EXPECT_EQ(fs::status(folder_ / "new").permissions(), fs::status(folder_ / "usual").permissions());
}

TEST_F(File, ALongNameIsWritten) {
  const std::string name = std::string(251, 'n') + "\xC3\xA9";
  write_file(folder_ / name, "x");
  EXPECT_EQ(bytes_of(name), "x");
  EXPECT_EQ(error_of([&] { write_file(folder_ / std::string(300, 'n'), "x"); }).kind(), ErrorKind::kIo);
}

TEST_F(File, WhatAKilledProcessLeftIsRemovedWithTheNextWrite) {
  const pid_t child = ::fork();
  if (child == 0) {
    AtomicFile out(folder_ / "f");
    out.write("half");
    ::_exit(0);
  }
  ::waitpid(child, nullptr, 0);
  put(".f.tmp-1", "a user's own");
  put(str_cat(".f.tmp-0123abcd-", child, "-1-abcdef"), "another machine's");
  EXPECT_EQ(names().size(), 3u);
  write_file(folder_ / "other", "x");
  EXPECT_EQ(names().size(), 3u);
  EXPECT_TRUE(fs::exists(folder_ / ".f.tmp-1"));
}

TEST_F(File, WhoeverHoldsTheFolderRemovesWhatOtherMachinesLeft) {
  put(".f.tmp-0123abcd-1-1-abcdef", "another machine's");
  put(".f.tmp-mine-1-1-abcdef", "a user's own");
  const TemporaryFile own = make_temporary_file(folder_ / "f");
  ::close(own.descriptor);
  remove_leftovers(folder_, LeftoversOf::kOtherProcesses);
  EXPECT_THAT(names(), UnorderedElementsAre(".f.tmp-mine-1-1-abcdef", own.path.filename().string()));
}

TEST_F(File, ADescriptorOfOurOwnIsWrittenWhereItStands) {
  const int descriptor = ::open((folder_ / "f").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  ASSERT_EQ(::write(descriptor, "first\n", 6), 6);
  write_file(str_cat("/dev/fd/", descriptor), "second\n");
  write_file(str_cat("/proc/self/fd/", descriptor), "third\n");
  ::close(descriptor);
  EXPECT_EQ(bytes_of("f"), "first\nsecond\nthird\n");
  EXPECT_EQ(error_of([&] { write_file("/dev/fd/999", "x"); }).kind(), ErrorKind::kIo);
}

TEST_F(File, AnAtomicFileThatIsNotCommittedLeavesTheOldOne) {
  put("f", "old");
  { AtomicFile(folder_ / "f").write("new"); }
  EXPECT_EQ(bytes_of("f"), "old");
  EXPECT_THAT(names(), ElementsAre("f"));
}

TEST_F(File, AWriteThatFailsNamesTheFileAndLeavesTheOldOne) {
  const fs::path file = put("f", "old");
  const FileSizeLimit limit(4096);
  for (size_t size : {5000u, 1u << 20}) {  // fails at the end, where the buffer is flushed; and on the way
    const Error error = error_of([&] { write_file(file, std::string(size, 'x')); });
    EXPECT_EQ(error.kind(), ErrorKind::kIo);
    EXPECT_EQ(error.what(), file.string() + ": cannot write: File too large");
  }
  EXPECT_EQ(bytes_of("f"), "old");
  EXPECT_THAT(names(), ElementsAre("f"));
}

// Reads of a pipe that nobody has opened yet begin before there is a writer, and end by it or by an
// interrupt.
TEST_F(File, APipesReaderWaitsForItsWriter) {
  const fs::path pipe = folder_ / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  std::string lines;
  std::thread reader([&] {
    LineReader reading(pipe);
    while (const auto line = reading.next()) lines += *line + ";";
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  const int writer = ::open(pipe.c_str(), O_WRONLY);
  EXPECT_EQ(::write(writer, "one\ntw", 6), 6);
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  EXPECT_EQ(::write(writer, "o\n", 2), 2);
  ::close(writer);
  reader.join();
  EXPECT_EQ(lines, "one;two;");
}

TEST_F(File, AnInterruptEndsTheWaitForThePipesOtherEnd) {
  const fs::path pipe = folder_ / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  std::atomic<bool> flag{false};
  heed_while_waiting(&flag);
  const std::vector<std::function<void()>> waits = {[&] { read_file(pipe); }, [&] { sha256_of_file(pipe); },
                                                    [&] { LineReader(pipe).next(); },
                                                    [&] { write_file(pipe, "rows"); }};
  for (const auto& wait : waits) {
    flag = false;
    std::thread interrupt([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
      flag = true;
    });
    try {
      wait();
      ADD_FAILURE() << "not interrupted";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kInterrupted) << error.what();
    }
    interrupt.join();
  }
  heed_while_waiting(nullptr);
  EXPECT_THROW(MappedFile{pipe}, Error);  // at once: it is no file
}

TEST_F(File, LinesOfAnyLengthAreReadWhole) {
  const std::string text = std::string(200'000, 'x') + "\n\n" + std::string(65'536, 'y') + "\r\nend";
  LineReader lines(put("f", text));
  EXPECT_EQ(lines.next(), std::string(200'000, 'x'));
  EXPECT_EQ(lines.next(), "");
  EXPECT_EQ(lines.next(), std::string(65'536, 'y'));
  EXPECT_EQ(lines.next(), "end");
  EXPECT_EQ(lines.next(), std::nullopt);
}

// A pipe of our own stands for every device: if this failed on /dev/null, it would replace it for the whole
// machine.
TEST_F(File, APipeIsWrittenStraightAndStaysAPipe) {
  const fs::path pipe = folder_ / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const int reader = ::open(pipe.c_str(), O_RDONLY | O_NONBLOCK);
  ASSERT_GE(reader, 0);
  write_file(pipe, "rows");
  std::array<char, 16> bytes{};
  EXPECT_EQ(::read(reader, bytes.data(), bytes.size()), 4);
  EXPECT_STREQ(bytes.data(), "rows");
  ::close(reader);
  EXPECT_TRUE(fs::is_fifo(pipe));
  EXPECT_THAT(names(), ElementsAre("pipe"));
}

TEST_F(File, AFolderThatCannotBeMadeIsNamed) {
  put("f", "a file");
  const Error error = error_of([&] { make_folders(folder_ / "f" / "g"); });
  EXPECT_EQ(error.kind(), ErrorKind::kIo);
  EXPECT_EQ(error.what(), (folder_ / "f" / "g").string() + ": cannot create the folder: Not a directory");
  EXPECT_EQ(error_of([&] { write_file(folder_ / "f" / "g", "x"); }).kind(), ErrorKind::kIo);
  EXPECT_NO_THROW(make_folders(folder_ / "a" / "b"));
  EXPECT_NO_THROW(make_folders(folder_ / "a" / "b"));
}

TEST_F(File, AMapHoldsTheBytes) {
  const MappedFile map(put("f", std::string("a\0b", 3)));
  ASSERT_EQ(map.bytes().size(), 3u);
  EXPECT_EQ(map.bytes()[2], std::byte{'b'});
  EXPECT_EQ(map.path(), folder_ / "f");
  EXPECT_THAT(MappedFile(put("empty", "")).bytes(), IsEmpty());
}

// Bytes of files that this process holds in memory, those of a file system in memory among them.
int64_t resident_file_bytes() {
  int64_t bytes = 0;
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("RssFile:") || line.starts_with("RssShmem:"))
      bytes += std::stoll(line.substr(line.find(':') + 1)) * 1024;
  return bytes;
}

int64_t sum_of(std::span<const std::byte> bytes) {
  return std::accumulate(bytes.begin(), bytes.end(), int64_t{0},
                         [](int64_t sum, std::byte byte) { return sum + static_cast<int64_t>(byte); });
}

TEST_F(File, PagesOfAMapAreForgottenAndReadAgain) {
  constexpr int64_t kBytes = 32 << 20, kPart = kBytes / 2;
  const MappedFile map(put("f", std::string(kBytes, '\1')));
  EXPECT_EQ(sum_of(map.bytes()), kBytes);
  const int64_t before = resident_file_bytes();
  ASSERT_GE(before, kBytes);
  forget_pages(map.bytes().subspan(5, kPart));
  EXPECT_LE(resident_file_bytes(), before - kPart + (1 << 20));
  EXPECT_EQ(sum_of(map.bytes()), kBytes);
}

TEST_F(File, MemoryThatIsNoFileIsNotForgotten) {
  const std::vector<std::byte> bytes(1 << 20, std::byte{1});
  forget_pages(bytes);
  EXPECT_EQ(sum_of(bytes), 1 << 20);
}

class Lines : public FileTest {
 protected:
  std::vector<std::string> lines_of(const std::string& bytes) const {
    LineReader reader(put("f.txt", bytes));
    std::vector<std::string> lines;
    while (auto line = reader.next()) lines.push_back(*line);
    EXPECT_EQ(reader.line_number(), static_cast<int64_t>(lines.size()));
    return lines;
  }
};

TEST_F(Lines, EndWithNewlinesOrTheFile) {
  EXPECT_THAT(lines_of("a\nb\n"), ElementsAre("a", "b"));
  EXPECT_THAT(lines_of("a\n\nb"), ElementsAre("a", "", "b"));
  EXPECT_THAT(lines_of(""), IsEmpty());
  EXPECT_THAT(lines_of("\n"), ElementsAre(""));
}

TEST_F(Lines, LoseTheByteOrderMarkAndCarriageReturns) {
  EXPECT_THAT(lines_of("\xEF\xBB\xBF"
                       "a\r\nb\rc\r\n"),
              ElementsAre("a", "b\rc"));
  EXPECT_THAT(lines_of("a\n\xEF\xBB\xBF"
                       "b"),
              ElementsAre("a",
                          "\xEF\xBB\xBF"
                          "b"));  // only at the file's head
}

TEST_F(Lines, KnowTheirPlaceAndTheirNumber) {
  LineReader reader(put("f.txt", "a\nb\n"));
  reader.next();
  reader.next();
  EXPECT_EQ(reader.line_number(), 2);
  EXPECT_EQ(reader.place(), (folder_ / "f.txt").string() + ":2");
}

TEST_F(Lines, ThatAreNotUtf8NameFileLineAndByte) {
  LineReader reader(put("f.txt", "fine\nab\xFF\n"));
  reader.next();
  const Error error = error_of([&] { reader.next(); });
  EXPECT_EQ(error.kind(), ErrorKind::kData);
  EXPECT_EQ(error.what(), (folder_ / "f.txt").string() +
                              ":2: not valid UTF-8 at byte 3 of the line; convert the file to UTF-8");
}

// Unicode 15, table 3-7: first and last of every row, and one beyond.
TEST(Utf8, FollowsTheTableOfWellFormedSequences) {
  for (const char* text :
       {"", "a", "\x7F", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
        "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF", "seven b\xC3\xA9", "eight by\xC3\xA9"})
    EXPECT_EQ(find_invalid_utf8(text), std::nullopt) << text;
  for (const char* text :
       {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xC2", "\xC2\x7F", "\xE0\x9F\xBF", "\xE1\x80",
        "\xED\xA0\x80", "\xF0\x8F\xBF\xBF", "\xF0\x90\x80", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF"})
    EXPECT_EQ(find_invalid_utf8(text), size_t{0}) << testing::PrintToString(std::string(text));
}

TEST(Utf8, NamesTheOffsetWhereverItStands) {
  for (size_t offset = 0; offset < 40; ++offset)
    EXPECT_EQ(find_invalid_utf8(std::string(offset, 'a') + "\xFF" + std::string(20, 'b')), offset);
}

TEST(Utf8, BytesThatAreNoneAreWrittenOut) {
  EXPECT_EQ(escape_invalid_utf8("caf\xC3\xA9"), "caf\xC3\xA9");
  EXPECT_EQ(escape_invalid_utf8("caf\xE9"), "caf\\xE9");
  EXPECT_EQ(escape_invalid_utf8("\xFF/\xC3"), "\\xFF/\\xC3");
  EXPECT_EQ(escape_invalid_utf8(""), "");
}

TEST(Utf8, ControlsAreWrittenOutForATerminal) {
  EXPECT_EQ(escape_controls("a\tb\nc\xC3\xA9"), "a\tb\nc\xC3\xA9");
  EXPECT_EQ(escape_controls("\x1B[2J\x07\x7F\r"), "\\x1B[2J\\x07\\x7F\\x0D");
  EXPECT_EQ(escape_controls("\xC2\x9B"
                            "1A\xC2\xA0"),
            "\\x9B"
            "1A\xC2\xA0");  // U+009B begins a command, too
  EXPECT_EQ(escape_controls(std::string_view("\0\xC2", 2)), "\\x00\xC2");
}

TEST_F(File, HashOfAFileIsTheHashOfItsBytes) {
  const std::string bytes(3'000'000, 'q');
  EXPECT_EQ(sha256_of_file(put("f", bytes)), sha256(bytes));
  EXPECT_EQ(sha256_of_file(put("empty", "")), sha256(""));
}

}  // namespace
}  // namespace xlt
