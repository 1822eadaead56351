// SPDX-License-Identifier: Apache-2.0
// Reads, maps and atomic writes.
#include "xlt/base/file.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "xlt/base/error.h"

namespace xlt {

namespace {

[[noreturn]] void throw_io(const std::string& what, const fs::path& file) {
  throw Error(ErrorKind::kIo, str_cat(what, ": ", std::strerror(errno)), file.string());
}

void refuse_folder(const fs::path& file) {
  std::error_code code;
  if (fs::is_directory(file, code))
    throw Error(ErrorKind::kIo, "is a folder; expected a file", file.string());
}

void open_to_read(std::ifstream& stream, const fs::path& file) {
  refuse_folder(file);
  errno = 0;
  stream.open(file, std::ios::binary);
  if (!stream) throw_io("cannot open", file);
}

}  // namespace

std::string read_file(const fs::path& file) {
  std::ifstream stream;
  open_to_read(stream, file);
  std::error_code code;
  const uintmax_t size = fs::file_size(file, code);
  std::string text;
  if (!code) text.reserve(size);  // a hint: pipes and /proc have no size, or say 0
  std::array<char, 1 << 16> chunk;
  while (stream.read(chunk.data(), chunk.size()), stream.gcount() > 0)
    text.append(chunk.data(), static_cast<size_t>(stream.gcount()));
  if (stream.bad()) throw_io("cannot read", file);
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
  std::error_code code, ignored;
  // A link stays a link; what it points to is replaced.
  if (fs::is_symlink(file_, code) && fs::exists(file_, code)) file_ = fs::canonical(file_);
  const bool is_device = fs::exists(file_, code) && !fs::is_regular_file(file_, code);
  if (!is_device) {
    code.clear();
    if (file_.has_parent_path()) fs::create_directories(file_.parent_path(), code);
    if (code && !fs::is_directory(file_.parent_path(), ignored))
      throw Error(ErrorKind::kIo, str_cat("cannot create its folder: ", code.message()), file_.string());
    temporary_ = file_.parent_path() / str_cat(".", file_.filename().string(), ".tmp-", ::getpid());
  }
  // A device or pipe (/dev/stdout) is written straight: renaming onto it would replace it by a file.
  stream_ = std::fopen(is_device ? file_.c_str() : temporary_.c_str(), "wb");
  if (!stream_) throw_io("cannot write", file_);
}

AtomicFile::~AtomicFile() {
  if (stream_) std::fclose(stream_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::write(std::string_view bytes) {
  XLT_CHECK(stream_, "written after commit");
  if (!bytes.empty() && std::fwrite(bytes.data(), 1, bytes.size(), stream_) != bytes.size())
    throw_io("cannot write", file_);
}

void AtomicFile::commit() {
  XLT_CHECK(stream_, "committed twice");
  if (std::fflush(stream_) != 0) throw_io("cannot write", file_);
  const bool is_device = temporary_.empty();
  if (!is_device && ::fsync(::fileno(stream_)) != 0) throw_io("cannot write", file_);
  const int closed = std::fclose(stream_);
  stream_ = nullptr;
  if (closed != 0) throw_io("cannot write", file_);
  if (is_device) return;
  if (std::rename(temporary_.c_str(), file_.c_str()) != 0)
    throw_io("cannot rename the finished file into place", file_);
  temporary_.clear();
}

MappedFile::MappedFile(const fs::path& file) : file_(file) {
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
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
  }
  ::close(descriptor);
}

MappedFile::~MappedFile() {
  if (data_) ::munmap(const_cast<std::byte*>(data_), size_);
}

struct LineReader::Stream {
  std::ifstream file;
};

LineReader::LineReader(const fs::path& file) : stream_(std::make_unique<Stream>()), file_(file) {
  open_to_read(stream_->file, file);
}

LineReader::~LineReader() = default;

std::string LineReader::place() const { return str_cat(file_.string(), ":", line_number_); }

std::optional<std::string> LineReader::next() {
  std::string line;
  const bool is_read = static_cast<bool>(std::getline(stream_->file, line));
  if (stream_->file.bad()) throw_io("cannot read", file_);
  if (!is_read) return std::nullopt;
  ++line_number_;
  if (!line.empty() && line.back() == '\r') line.pop_back();
  if (line_number_ == 1 && line.starts_with("\xEF\xBB\xBF")) line.erase(0, 3);
  if (const auto offset = find_invalid_utf8(line))
    throw Error(ErrorKind::kData,
                str_cat("not valid UTF-8 at byte ", *offset + 1, " of the line; convert the file to UTF-8"),
                place());
  return line;
}

}  // namespace xlt
