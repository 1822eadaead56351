// SPDX-License-Identifier: Apache-2.0
// What lm_eval --output_path leaves: a folder a model, in it a file a run, and samples a task beside it.
#pragma once

#include <filesystem>
#include <string>

namespace xlt {

// The file itself, or the newest run's below a folder, two levels deep. Throws kIo where none is, kUsage
// where they are of several models.
std::filesystem::path results_file(const std::filesystem::path& path);
// Samples of a task: of the same time, or the only ones; empty where there are none.
std::filesystem::path samples_file(const std::filesystem::path& results, const std::string& task);

}  // namespace xlt
