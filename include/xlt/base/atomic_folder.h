// SPDX-License-Identifier: Apache-2.0
// A folder that appears under its name only when it is complete.
#pragma once

#include <filesystem>

namespace xlt {

class AtomicFolder {
 public:
  // Makes an empty hidden folder beside `folder`; brings `folder` back where a process was killed while it
  // replaced it. Throws kIo.
  explicit AtomicFolder(std::filesystem::path folder);
  ~AtomicFolder();  // without `commit`, removes it
  AtomicFolder(const AtomicFolder&) = delete;
  AtomicFolder& operator=(const AtomicFolder&) = delete;
  const std::filesystem::path& path() const { return temporary_; }  // write here
  // Replaces `folder` if it exists: moved aside first, so that it is whole whenever the process is killed.
  // Throws kIo; `folder` is then as it was.
  void commit();

 private:
  std::filesystem::path old() const;  // where the folder that is being replaced is moved
  std::filesystem::path folder_, temporary_;
  bool committed_ = false;
};

}  // namespace xlt
