// SPDX-License-Identifier: Apache-2.0
// Files that are cut off while they are mapped. What was lost is remembered for the rest of a process, so
// each case runs in one of its own.
#include "xlt/base/lost_bytes.h"

#include "base/base_testing.h"

#include <cstdlib>
#include <memory>
#include <thread>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/mman.h>
#include <unistd.h>

#include "xlt/base/atomic_folder.h"
#include "xlt/base/context.h"
#include "xlt/base/file.h"

namespace xlt {
namespace {

using ::testing::ExitedWithCode;

constexpr size_t kBytes = 1 << 20;

// Reads each byte, whatever becomes of the sum.
int sum_of(std::span<const std::byte> bytes) {
  int sum = 0;
  for (size_t i = 0; i < bytes.size(); ++i)
    sum += static_cast<int>(*static_cast<const volatile std::byte*>(&bytes[i]));
  return sum;
}

// Ends the process with 0 where `call` throws that "x" was cut off, and says on stderr what it did instead.
[[noreturn]] void exit_unless_lost(const std::function<void()>& call) {
  const Error error = error_of(call);
  if (error.kind() == ErrorKind::kIo &&
      error.message().starts_with("was cut off or could no longer be read") &&
      error.context().ends_with("/x"))
    std::_Exit(0);
  std::fprintf(stderr, "%s\n", error.what());
  std::_Exit(1);
}

class LostBytes : public FileTest {
 protected:
  LostBytes() { GTEST_FLAG_SET(death_test_style, "fast"); }
  std::unique_ptr<MappedFile> map() const {
    return std::make_unique<MappedFile>(put("x", std::string(kBytes, '\1')));
  }
  void cut(size_t size) const {
    if (::truncate((folder_ / "x").c_str(), static_cast<off_t>(size)) != 0) std::_Exit(2);
  }
  // Reads bytes that are no longer there.
  void lose(const MappedFile& map) const {
    cut(0);
    if (sum_of(map.bytes()) != 0) std::_Exit(3);
  }
};

TEST_F(LostBytes, NothingIsSaidOfFilesThatStayWhole) {
  const auto whole = map();
  EXPECT_EQ(sum_of(whole->bytes()), static_cast<int>(kBytes));
  cut(2 * kBytes);
  EXPECT_NO_THROW(throw_if_bytes_lost());
  EXPECT_NO_THROW(throw_if_files_shrank());
}

TEST_F(LostBytes, AreZerosAndAnErrorNamesTheFile) {
  const auto run = [&] {
    const auto whole = map();
    lose(*whole);
    exit_unless_lost(throw_if_bytes_lost);
  };
  EXPECT_EXIT(run(), ExitedWithCode(0), "");
}

TEST_F(LostBytes, InAnyThreadAndManyAtOnce) {
  const auto run = [&] {
    const auto whole = map();
    cut(kBytes / 2);
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) threads.emplace_back([&] { sum_of(whole->bytes()); });
    for (std::thread& thread : threads) thread.join();
    exit_unless_lost([] { Context().throw_if_interrupted(); });
  };
  EXPECT_EXIT(run(), ExitedWithCode(0), "");
}

TEST_F(LostBytes, AreRememberedWhenTheMapIsGone) {
  const auto run = [&] {
    auto whole = map();
    lose(*whole);
    whole.reset();
    const MappedFile other(put("other", "abc"));
    exit_unless_lost(throw_if_bytes_lost);
  };
  EXPECT_EXIT(run(), ExitedWithCode(0), "");
}

// The rest of the last page reads as zeros without a signal.
TEST_F(LostBytes, LessThanAPageIsFoundBySize) {
  const auto open = [&] {
    const auto whole = map();
    cut(kBytes - 100);
    if (sum_of(whole->bytes()) != kBytes - 100) std::_Exit(3);
    throw_if_bytes_lost();
    exit_unless_lost(throw_if_files_shrank);
  };
  EXPECT_EXIT(open(), ExitedWithCode(0), "");
  const auto closed = [&] {
    auto whole = map();
    cut(kBytes - 100);
    whole.reset();
    exit_unless_lost(throw_if_bytes_lost);
  };
  EXPECT_EXIT(closed(), ExitedWithCode(0), "");
}

TEST_F(LostBytes, NothingIsWrittenDownAfterwards) {
  put("out", "before");
  const auto file = [&] {
    const auto whole = map();
    AtomicFile out(folder_ / "out");
    out.write("made of zeros");
    lose(*whole);
    exit_unless_lost([&] { out.commit(); });
  };
  EXPECT_EXIT(file(), ExitedWithCode(0), "");
  EXPECT_EQ(bytes_of("out"), "before");
  const auto folder = [&] {
    AtomicFolder out(folder_ / "folder");
    const auto whole = map();
    cut(kBytes - 1);
    exit_unless_lost([&] { out.commit(); });
  };
  EXPECT_EXIT(folder(), ExitedWithCode(0), "");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "folder"));
}

// Bytes that go from the map to the disk are read by the kernel, which gives no signal.
TEST_F(LostBytes, AreMissedByTheKernelToo) {
  const auto run = [&] {
    const auto whole = map();
    AtomicFile out(folder_ / "out");
    cut(0);
    exit_unless_lost([&] {
      out.write({reinterpret_cast<const char*>(whole->bytes().data()), whole->bytes().size()});
      out.commit();
    });
  };
  EXPECT_EXIT(run(), ExitedWithCode(0), "");
}

// A map that nobody watches ends the process, as it would without us.
TEST_F(LostBytes, OfOtherMapsAreNotOurs) {
  const auto run = [&] {
    const auto ours = map();
    const int descriptor = ::open(put("other", std::string(kBytes, '\1')).c_str(), O_RDONLY);
    void* other = ::mmap(nullptr, kBytes, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (::truncate((folder_ / "other").c_str(), 0) != 0) std::_Exit(2);
    sum_of({static_cast<const std::byte*>(other), kBytes});
    std::_Exit(0);
  };
  EXPECT_DEATH(run(), "");
}

}  // namespace
}  // namespace xlt
