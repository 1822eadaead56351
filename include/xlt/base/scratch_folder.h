// SPDX-License-Identifier: Apache-2.0
// A folder for files that nobody wants afterwards.
#pragma once

#include <filesystem>

namespace xlt {

// Empty at first, nobody else's, and removed with everything in it when this goes. In the system's folder for
// temporary files. Throws kIo.
class ScratchFolder {
 public:
  ScratchFolder();
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace xlt
