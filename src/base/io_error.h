// SPDX-License-Identifier: Apache-2.0
// What is said where the system refuses something of a file.
#pragma once

#include <filesystem>
#include <string>

#include "xlt/base/error.h"

namespace xlt {

// kIo: "file: WHAT: the reason in errno".
[[noreturn]] void throw_io(const std::string& what, const std::filesystem::path& file);
// kIo where a folder stands for a file.
void refuse_folder(const std::filesystem::path& file);

}  // namespace xlt
