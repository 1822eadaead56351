// SPDX-License-Identifier: Apache-2.0
#include "xlt/base/atomic_folder.h"

#include "xlt/base/error.h"
#include "xlt/base/file.h"

namespace xlt {

AtomicFolder::AtomicFolder(fs::path folder) : folder_(std::move(folder)) {
  if (!folder_.has_filename()) folder_ = folder_.parent_path();  // "out/"
  temporary_ = folder_.parent_path() / ("." + folder_.filename().string() + ".partial");
  std::error_code ignored;
  // Left by a process that was killed: half of a new folder, or the whole of the one it was replacing.
  fs::remove_all(temporary_, ignored);
  if (!fs::exists(folder_, ignored)) fs::rename(old(), folder_, ignored);
  make_folders(temporary_);
}

fs::path AtomicFolder::old() const {
  return folder_.parent_path() / ("." + folder_.filename().string() + ".old");
}

AtomicFolder::~AtomicFolder() {
  std::error_code ignored;
  if (!committed_) fs::remove_all(temporary_, ignored);
}

void AtomicFolder::commit() {
  std::error_code error, ignored;
  if (fs::exists(folder_) && !fs::is_directory(folder_))
    throw Error(ErrorKind::kIo, "is a file; expected a folder or nothing", folder_.string());
  if (fs::exists(folder_)) {
    fs::remove_all(old(), error);
    if (!error) fs::rename(folder_, old(), error);
  }
  if (!error) fs::rename(temporary_, folder_, error);
  if (error) {
    if (!fs::exists(folder_, ignored)) fs::rename(old(), folder_, ignored);
    throw Error(ErrorKind::kIo, str_cat("cannot be replaced: ", error.message()), folder_.string());
  }
  committed_ = true;
  fs::remove_all(old(), ignored);
}

}  // namespace xlt
