// A folder that appears under its name only when it is complete. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

namespace xlt {

class AtomicFolder {
 public:
  // Makes an empty hidden folder beside `folder`. Throws kIo.
  explicit AtomicFolder(std::filesystem::path folder);
  ~AtomicFolder();  // without `commit`, removes it
  AtomicFolder(const AtomicFolder&) = delete;
  AtomicFolder& operator=(const AtomicFolder&) = delete;
  const std::filesystem::path& path() const { return temporary_; }  // write here
  void commit();                                                    // replaces `folder` if it exists

 private:
  std::filesystem::path folder_, temporary_;
  bool committed_ = false;
};

}  // namespace xlt
