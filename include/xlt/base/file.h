// SPDX-License-Identifier: Apache-2.0
// Files: whole reads, memory maps, line readers, and writes that are complete or absent.
//
//   AtomicFile out("report.json");  out.write(text);  out.commit();      // temp file, fsync, rename
//   LineReader lines("rows.jsonl"); while (auto line = lines.next()) …   // UTF-8 checked, BOM and CR dropped
//
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace xlt {

namespace fs = std::filesystem;

// All of a file. Throws kIo.
std::string read_file(const fs::path& file);
// Writes all of `text` by temp-file-then-rename. Throws kIo (not writable, disk full) and leaves the old file
// as it was.
void write_file(const fs::path& file, std::string_view text);
// Creates a folder and its parents. Throws kIo naming the folder and the reason.
void make_folders(const fs::path& folder);
// Lower-case hex SHA-256 of a file's bytes.
std::string sha256_of_file(const fs::path& file);
std::string sha256(std::string_view bytes);
// The byte offset of the first invalid UTF-8 sequence, or nothing.
std::optional<size_t> find_invalid_utf8(std::string_view text);

// A file that appears under its name only at `commit`; without it the temporary is removed and nothing else
// changes.
class AtomicFile {
 public:
  explicit AtomicFile(fs::path file);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  void write(std::string_view bytes);  // throws kIo, "disk full" included
  void commit();

 private:
  fs::path file_, temporary_;
  std::FILE* stream_ = nullptr;
};

// A read-only memory map. The bytes live as long as the object.
class MappedFile {
 public:
  explicit MappedFile(const fs::path& file);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  std::span<const std::byte> bytes() const { return {data_, size_}; }
  const fs::path& path() const { return file_; }

 private:
  fs::path file_;
  const std::byte* data_ = nullptr;
  size_t size_ = 0;
};

// Lines of a UTF-8 text file. A leading BOM is skipped, "\r\n" ends a line as "\n" does.
class LineReader {
 public:
  explicit LineReader(const fs::path& file);
  ~LineReader();
  // The next line without its end, or nothing at the end of the file. Throws kData "file:line" for invalid
  // UTF-8.
  std::optional<std::string> next();
  int64_t line_number() const { return line_number_; }  // of the last line returned, from 1
  std::string place() const;                            // "file:line"

 private:
  struct Stream;
  std::unique_ptr<Stream> stream_;
  fs::path file_;
  int64_t line_number_ = 0;
};

}  // namespace xlt
