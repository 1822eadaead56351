// SPDX-License-Identifier: Apache-2.0
#include "xlt/base/binary_file.h"

namespace xlt {

namespace {

using namespace std::string_view_literals;

struct BinaryKind {
  std::string_view magic;
  const char *name, *advice;
};

constexpr const char* kTableAdvice =
    "write its rows as JSON lines, for example with datasets' to_json or pandas' to_json(lines=True)";
constexpr const char* kEncodingAdvice = "convert it with iconv -t UTF-8, or save it as UTF-8";

// A longer magic stands before what it begins with.
constexpr BinaryKind kFileKinds[] = {
    {"\x1F\x8B"sv, "compressed by gzip", "decompress it with gunzip"},
    {"\x28\xB5\x2F\xFD"sv, "compressed by zstd", "decompress it with zstd -d"},
    {"\xFD"
     "7zXZ\0"sv,
     "compressed by xz", "decompress it with unxz"},
    {"BZh"sv, "compressed by bzip2", "decompress it with bunzip2"},
    {"PK\x03\x04"sv, "a zip archive (as .xlsx, .npz and pickled weights are)",
     "take the text out of it, or save it as text"},
    {"7z\xBC\xAF\x27\x1C"sv, "a 7z archive", "take the text out of it"},
    {"PAR1"sv, "a Parquet table", kTableAdvice},
    {"ARROW1"sv, "an Arrow table", kTableAdvice},
    {"\x89HDF"sv, "an HDF5 file", kTableAdvice},
    {"SQLite format 3"sv, "an SQLite database", kTableAdvice},
    {"%PDF"sv, "a PDF document", "take the text out of it"},
    {"\xFF\xFE\0\0"sv, "text in UTF-32", kEncodingAdvice},
    {"\0\0\xFE\xFF"sv, "text in UTF-32", kEncodingAdvice},
    {"\xFF\xFE"sv, "text in UTF-16", kEncodingAdvice},
    {"\xFE\xFF"sv, "text in UTF-16", kEncodingAdvice},
};

}  // namespace

void refuse_binary(std::string_view beginning, const std::string& place, ErrorKind kind) {
  for (const BinaryKind& row : kFileKinds)
    if (beginning.starts_with(row.magic))
      throw Error(kind, str_cat("is ", row.name, "; ", row.advice), place);
  // Without a mark, every other byte of plain letters is 0.
  if (beginning.size() >= 2 && (beginning[0] == 0) != (beginning[1] == 0))
    throw Error(kind, str_cat("is text in UTF-16, or no text at all; ", kEncodingAdvice), place);
}

}  // namespace xlt
