// SPDX-License-Identifier: Apache-2.0
#include "base/byte_source.h"

#include "base/io_error.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "xlt/base/waiting.h"

namespace xlt {

namespace {

// A signal may come between a look at the flag and the wait.
constexpr int kPatienceMs = 100;

}  // namespace

void throw_io(const std::string& what, const std::filesystem::path& file) {
  throw Error(ErrorKind::kIo, str_cat(what, ": ", std::strerror(errno)), file.string());
}

void refuse_folder(const std::filesystem::path& file) {
  std::error_code code;
  if (std::filesystem::is_directory(file, code))
    throw Error(ErrorKind::kIo, "is a folder; expected a file", file.string());
}

ByteSource::ByteSource(const std::filesystem::path& file) : file_(file) {
  refuse_folder(file);
  // Without O_NONBLOCK a pipe that nobody writes into would not even be opened.
  do descriptor_ = ::open(file.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  while (descriptor_ < 0 && errno == EINTR);
  if (descriptor_ < 0) throw_io("cannot open", file);
  struct stat status {};
  may_wait_ = ::fstat(descriptor_, &status) != 0 || !S_ISREG(status.st_mode);
  if (!may_wait_) size_hint_ = static_cast<size_t>(status.st_size);
}

ByteSource::~ByteSource() { ::close(descriptor_); }

void ByteSource::wait() const {
  pollfd ready{descriptor_, POLLIN, 0};
  // A pipe that no writer has opened yet is neither readable nor at its end.
  while (::poll(&ready, 1, kPatienceMs) <= 0) throw_if_interrupted_while_waiting();
}

size_t ByteSource::read(std::span<char> into) {
  for (;;) {
    if (may_wait_) wait();
    const ssize_t count = ::read(descriptor_, into.data(), into.size());
    if (count >= 0) return static_cast<size_t>(count);
    if (errno != EINTR && errno != EAGAIN) throw_io("cannot read", file_);
  }
}

int open_to_write(const std::filesystem::path& file) {
  int descriptor = -1;
  for (;;) {
    descriptor = ::open(file.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    if (descriptor >= 0) break;
    const int reason = errno;
    std::error_code code;
    const bool lacks_reader = reason == ENXIO && std::filesystem::is_fifo(file, code);
    errno = reason;
    if (!lacks_reader && reason != EINTR) throw_io("cannot write", file);
    throw_if_interrupted_while_waiting();
    ::poll(nullptr, 0, kPatienceMs);
  }
  // Writes wait as they always did.
  ::fcntl(descriptor, F_SETFL, ::fcntl(descriptor, F_GETFL) & ~O_NONBLOCK);
  return descriptor;
}

}  // namespace xlt
