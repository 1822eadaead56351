// SPDX-License-Identifier: Apache-2.0
#include "xlt/base/scratch_folder.h"

#include "base/temporary.h"

#include <system_error>

#include "xlt/base/leftovers.h"

namespace xlt {

ScratchFolder::ScratchFolder() {
  const std::filesystem::path parent = std::filesystem::temp_directory_path();
  remove_leftovers(parent, LeftoversOf::kDeadProcesses);
  path_ = make_temporary_folder(parent / "xlt", TemporaryKind::kNew);
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace xlt
