// SPDX-License-Identifier: Apache-2.0
#include "xlt/base/scratch_folder.h"

#include <cstdlib>
#include <string>
#include <system_error>

#include "xlt/base/error.h"

namespace xlt {

ScratchFolder::ScratchFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "xlt-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr)
    throw Error(ErrorKind::kIo, "cannot create a folder for temporary files", pattern);
  path_ = pattern;
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace xlt
