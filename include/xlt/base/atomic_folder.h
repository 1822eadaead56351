// SPDX-License-Identifier: Apache-2.0
// A folder that appears under its name only when it is complete.
#pragma once

#include <filesystem>

namespace xlt {

class AtomicFolder {
 public:
  // Makes an empty hidden folder beside `folder`, under a name that is nobody else's, and sees to what killed
  // processes left there (xlt/base/leftovers.h). A link stays a link: the folder it names is replaced. Throws
  // kIo.
  explicit AtomicFolder(std::filesystem::path folder);
  ~AtomicFolder();  // without `commit`, removes it
  AtomicFolder(const AtomicFolder&) = delete;
  AtomicFolder& operator=(const AtomicFolder&) = delete;
  const std::filesystem::path& path() const { return temporary_; }  // write here
  // Replaces `folder` if it exists, keeping its mode: by an exchange where the file system has one, else
  // moved aside first, so that it is whole whenever the process is killed. Throws kIo; `folder` is then as it
  // was. Two processes that replace one folder both succeed, and the later one's stays; see xlt/base/lock.h.
  void commit();

 private:
  std::filesystem::path folder_, temporary_;
  bool committed_ = false;
};

}  // namespace xlt
