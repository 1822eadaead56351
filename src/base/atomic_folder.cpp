// SPDX-License-Identifier: Apache-2.0
#include "xlt/base/atomic_folder.h"

#include "base/temporary.h"

#include <cerrno>
#include <cstdio>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/leftovers.h"
#include "xlt/base/lost_bytes.h"

namespace xlt {

namespace {

enum class Exchange { kDone, kNothingThere, kNotPossible };

// Both names change places at once, so that no moment is without the folder. Not every file system can.
Exchange exchange(const fs::path& one, const fs::path& other) {
#ifdef RENAME_EXCHANGE
  if (::renameat2(AT_FDCWD, one.c_str(), AT_FDCWD, other.c_str(), RENAME_EXCHANGE) == 0)
    return Exchange::kDone;
  if (errno == ENOENT) return Exchange::kNothingThere;
#endif
  return Exchange::kNotPossible;
}

[[noreturn]] void throw_not_replaced(const fs::path& folder, const std::error_code& code) {
  throw Error(ErrorKind::kIo, str_cat("cannot be replaced: ", code.message()), folder.string());
}

// Where there is no exchange: aside, into place, away. A kill between the first two leaves a leftover that is
// brought back.
void replace_in_turn(const fs::path& temporary, const fs::path& folder) {
  std::error_code code, ignored;
  const fs::path aside = make_temporary_folder(folder, TemporaryKind::kOld);
  fs::rename(folder, aside, code);  // onto an empty folder
  if (!code) fs::rename(temporary, folder, code);
  if (code) {
    if (!fs::exists(folder, ignored)) fs::rename(aside, folder, ignored);
    fs::remove(aside, ignored);
    throw_not_replaced(folder, code);
  }
  fs::remove_all(aside, ignored);
}

}  // namespace

AtomicFolder::AtomicFolder(fs::path folder) : folder_(std::move(folder)) {
  if (!folder_.has_filename()) folder_ = folder_.parent_path();  // "out/"
  folder_ = follow_links(folder_);
  if (!folder_.has_filename()) folder_ = folder_.parent_path();  // a link to "out/"
  if (folder_.has_parent_path()) make_folders(folder_.parent_path());
  remove_leftovers(folder_.parent_path(), LeftoversOf::kDeadProcesses);
  temporary_ = make_temporary_folder(folder_, TemporaryKind::kNew);
}

AtomicFolder::~AtomicFolder() {
  std::error_code ignored;
  if (!committed_) fs::remove_all(temporary_, ignored);
}

void AtomicFolder::commit() {
  throw_if_files_shrank();
  std::error_code code, ignored;
  struct stat before {};
  const bool is_there = ::stat(folder_.c_str(), &before) == 0;
  if (is_there && !S_ISDIR(before.st_mode))
    throw Error(ErrorKind::kIo, "is a file; expected a folder or nothing", folder_.string());
  if (::chmod(temporary_.c_str(), is_there ? before.st_mode & 0777 : mode_of_new(0777)) != 0)
    throw_not_replaced(folder_, std::error_code(errno, std::generic_category()));
  Exchange exchanged = is_there ? exchange(temporary_, folder_) : Exchange::kNothingThere;
  if (exchanged == Exchange::kNothingThere) {
    fs::rename(temporary_, folder_, code);
    // Another process's appeared meanwhile.
    if (code == std::errc::directory_not_empty || code == std::errc::file_exists)
      exchanged = exchange(temporary_, folder_);
    else if (code)
      throw_not_replaced(folder_, code);
  }
  if (exchanged == Exchange::kNotPossible) replace_in_turn(temporary_, folder_);
  committed_ = true;
  if (exchanged == Exchange::kDone)
    fs::remove_all(temporary_, ignored);  // the older one, under the other name
}

}  // namespace xlt
