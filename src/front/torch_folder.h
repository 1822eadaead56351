// SPDX-License-Identifier: Apache-2.0
// Where a packaged engine finds libtorch, which no package of ours holds.
#pragma once

#include <filesystem>
#include <optional>

namespace xlt::front {

// The folder that holds libtorch_cpu.so, the first of:
//   $XLT_TORCH_PREFIX/lib
//   PREFIX/lib, PREFIX being the first line of the file `torch-prefix` in `package`
//   torch/lib beside `package`, as in a Python's site-packages
//   torch/lib of the python3 on PATH
// What is named and does not hold it is passed over for nothing else: it was meant.
std::optional<std::filesystem::path> find_torch_libraries(const std::filesystem::path& package);

inline constexpr const char* kTorchNotFound =
    "libtorch was not found; pip install torch==2.11.* into the Python that `python3` starts, or name a "
    "folder "
    "whose lib/ holds libtorch_cpu.so in XLT_TORCH_PREFIX, or in the file torch-prefix beside bin/";

}  // namespace xlt::front
