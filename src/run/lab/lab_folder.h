// SPDX-License-Identifier: Apache-2.0
// What lies where in the folder of an experiment, and whose it is.
#pragma once

#include "run/lab/lab_design.h"

#include <filesystem>
#include <string>

namespace xlt {

std::string name_of_world(int64_t seed);  // "seed-7"
std::filesystem::path world_folder(const std::filesystem::path& folder, int64_t seed);
// The comparison of a world's untouched model with its finetuned ones; it may not be there yet.
std::filesystem::path world_comparison(const std::filesystem::path& folder, int64_t seed);

// Makes `folder` the design's, or finds that it is: design.json holds the design and every seed that was
// ever run with it. Throws kUsage where the folder is another design's, and where `design` leaves out a seed
// of it. `output`: what messages call the folder. Whoever calls it holds the folder's lock.
void claim_lab_folder(const LabDesign& design, const std::filesystem::path& folder,
                      const std::string& output);

}  // namespace xlt
