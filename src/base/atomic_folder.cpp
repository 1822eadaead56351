// SPDX-License-Identifier: Apache-2.0
#include "xlt/base/atomic_folder.h"

#include "xlt/base/error.h"
#include "xlt/base/file.h"

namespace xlt {

AtomicFolder::AtomicFolder(fs::path folder) : folder_(std::move(folder)) {
  if (!folder_.has_filename()) folder_ = folder_.parent_path();  // "out/"
  temporary_ = folder_.parent_path() / ("." + folder_.filename().string() + ".partial");
  std::error_code ignored;
  fs::remove_all(temporary_, ignored);  // left by a process that was killed
  make_folders(temporary_);
}

AtomicFolder::~AtomicFolder() {
  std::error_code ignored;
  if (!committed_) fs::remove_all(temporary_, ignored);
}

void AtomicFolder::commit() {
  // The folder there was is moved aside before it is removed: a process killed in between leaves it whole.
  const fs::path old = folder_.parent_path() / ("." + folder_.filename().string() + ".old");
  std::error_code error;
  fs::remove_all(old, error);
  if (!error && fs::exists(folder_)) fs::rename(folder_, old, error);
  if (!error) fs::rename(temporary_, folder_, error);
  if (error) throw Error(ErrorKind::kIo, str_cat("cannot be replaced: ", error.message()), folder_.string());
  committed_ = true;
  fs::remove_all(old, error);
}

}  // namespace xlt
