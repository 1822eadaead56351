// SPDX-License-Identifier: Apache-2.0
// Reads, maps and atomic writes.
#include "xlt/base/file.h"

#include "base/byte_source.h"
#include "base/io_error.h"
#include "base/temporary.h"
#include "base/watched_map.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "xlt/base/binary_file.h"
#include "xlt/base/error.h"
#include "xlt/base/leftovers.h"
#include "xlt/base/lost_bytes.h"

namespace xlt {

namespace {

constexpr size_t kChunk = 1 << 16;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// The number of a descriptor of our own that `file` names (/dev/stdout, /dev/fd/3, /proc/self/fd/3), links
// followed; nothing for any other file.
std::optional<int> own_descriptor(fs::path file) {
  std::error_code code;
  const fs::path own = fs::canonical("/proc/self/fd", code);
  if (code) return std::nullopt;
  constexpr int kMostLinks = 40;
  for (int i = 0; i < kMostLinks; ++i) {
    const std::string name = file.filename().string();
    int number = -1;
    const auto [end, fault] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (fault == std::errc() && end == name.data() + name.size() &&
        fs::canonical(file.parent_path(), code) == own)
      return number;
    const fs::path next = fs::read_symlink(file, code);
    if (code) return std::nullopt;
    file = next.is_absolute() ? next : file.parent_path() / next;
  }
  return std::nullopt;
}

// Descriptors of our own, devices and pipes are written straight: what is renamed onto them would replace
// them by a file. -1: neither, a file or nothing.
int open_straight(const fs::path& file) {
  // Duplicated, not opened by name: a socket cannot be, and a file would be written from its start again.
  if (const auto number = own_descriptor(file)) {
    const int descriptor = ::fcntl(*number, F_DUPFD_CLOEXEC, 0);
    if (descriptor < 0) throw_io("cannot write", file);
    return descriptor;
  }
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0 || S_ISREG(status.st_mode)) return -1;
  return open_to_write(file);
}

}  // namespace

std::string read_file(const fs::path& file) {
  ByteSource source(file);
  std::string text;
  text.reserve(source.size_hint());
  std::array<char, kChunk> chunk;
  while (const size_t count = source.read(chunk)) text.append(chunk.data(), count);
  return text;
}

void write_file(const fs::path& file, std::string_view text) {
  AtomicFile out(file);
  out.write(text);
  out.commit();
}

void make_folders(const fs::path& folder) {
  std::error_code code, ignored;
  fs::create_directories(folder, code);
  if (code && !fs::is_directory(folder, ignored))
    throw Error(ErrorKind::kIo, str_cat("cannot create the folder: ", code.message()), folder.string());
}

AtomicFile::AtomicFile(fs::path file) : file_(std::move(file)) {
  refuse_folder(file_);
  int descriptor = open_straight(file_);
  if (descriptor < 0) {
    file_ = follow_links(file_);  // a link stays a link
    std::error_code code, ignored;
    if (file_.has_parent_path()) fs::create_directories(file_.parent_path(), code);
    if (code && !fs::is_directory(file_.parent_path(), ignored))
      throw Error(ErrorKind::kIo, str_cat("cannot create its folder: ", code.message()), file_.string());
    remove_leftovers(file_.parent_path(), LeftoversOf::kDeadProcesses);
    const TemporaryFile temporary = make_temporary_file(file_);
    temporary_ = temporary.path;
    descriptor = temporary.descriptor;
  }
  stream_ = ::fdopen(descriptor, "wb");
  if (!stream_) throw_io("cannot write", file_);
}

AtomicFile::~AtomicFile() {
  if (stream_) std::fclose(stream_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::write(std::string_view bytes) {
  XLT_CHECK(stream_, "written after commit");
  throw_if_bytes_lost();
  if (bytes.empty() || std::fwrite(bytes.data(), 1, bytes.size(), stream_) == bytes.size()) return;
  // The kernel, too, found that it cannot read them: they are of a map whose file was cut off.
  if (errno == EFAULT) throw_if_files_shrank();
  throw_io("cannot write", file_);
}

void AtomicFile::commit() {
  XLT_CHECK(stream_, "committed twice");
  throw_if_files_shrank();
  if (std::fflush(stream_) != 0) throw_io("cannot write", file_);
  const bool is_device = temporary_.empty();
  if (!is_device) {
    take_mode(::fileno(stream_), file_, 0666);
    if (::fsync(::fileno(stream_)) != 0) throw_io("cannot write", file_);
  }
  const int closed = std::fclose(stream_);
  stream_ = nullptr;
  if (closed != 0) throw_io("cannot write", file_);
  if (is_device) return;
  if (std::rename(temporary_.c_str(), file_.c_str()) != 0)
    throw_io("cannot rename the finished file into place", file_);
  temporary_.clear();
}

MappedFile::MappedFile(const fs::path& file) : file_(file) {
  // Not to wait for whoever writes into a pipe, which is no regular file.
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (descriptor < 0) throw_io("cannot open", file);
  struct stat status {};
  if (::fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(descriptor);
    throw Error(ErrorKind::kIo, "not a regular file", file.string());
  }
  size_ = static_cast<size_t>(status.st_size);
  if (size_ > 0) {  // an empty range cannot be mapped
    void* map = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (map == MAP_FAILED) {
      const int reason = errno;
      ::close(descriptor);
      errno = reason;
      throw_io("cannot map", file);
    }
    data_ = static_cast<const std::byte*>(map);
    watch_map(map, size_, descriptor, file.string());
  } else {
    ::close(descriptor);
  }
}

MappedFile::~MappedFile() {
  if (!data_) return;
  unwatch_map(data_);
  ::munmap(const_cast<std::byte*>(data_), size_);
}

struct LineReader::Stream {
 public:
  explicit Stream(const fs::path& file) : source_(file) {}

  // Up to the next end of a line, or of the file; nothing where nothing is left.
  std::optional<std::string> next() {
    std::string line;
    bool has_any = false;
    while (!rest_.empty() || fill()) {
      has_any = true;
      const size_t end = rest_.find('\n');
      line += rest_.substr(0, end);
      rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
      if (end != std::string_view::npos) return line;
    }
    return has_any ? std::optional(std::move(line)) : std::nullopt;
  }

 private:
  bool fill() {
    rest_ = {chunk_.data(), source_.read(chunk_)};
    return !rest_.empty();
  }

  ByteSource source_;
  std::array<char, kChunk> chunk_;
  std::string_view rest_;  // of the chunk
};

LineReader::LineReader(const fs::path& file) : stream_(std::make_unique<Stream>(file)), file_(file) {}

LineReader::~LineReader() = default;

std::string LineReader::place() const { return str_cat(file_.string(), ":", line_number_); }

std::optional<std::string> LineReader::next() {
  std::optional<std::string> read = stream_->next();
  if (!read) return std::nullopt;
  std::string& line = *read;
  ++line_number_;
  if (line_number_ == 1) refuse_binary(line, file_.string());
  if (!line.empty() && line.back() == '\r') line.pop_back();
  if (line_number_ == 1 && line.starts_with(kByteOrderMark)) line.erase(0, kByteOrderMark.size());
  if (const auto offset = find_invalid_utf8(line))
    throw Error(ErrorKind::kData,
                str_cat("not valid UTF-8 at byte ", *offset + 1, " of the line; convert the file to UTF-8"),
                place());
  return read;
}

}  // namespace xlt
