// SPDX-License-Identifier: Apache-2.0
// What became of the worlds: a row a world and language, and what the design's analysis makes of them.
#pragma once

#include "run/lab/lab_design.h"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace xlt {

struct LabRow {
  int64_t seed = 0;
  LanguageDials dials;
  double fertility = 0, overlap = 0, entropy = 0;  // entropy: bits per byte
  // Of the target metric; nothing where it was not measured.
  std::optional<double> before, after, change, change_relative;
  std::optional<double> bits_per_byte;  // of the untouched model
  // The target's measure.
  std::optional<double> value(const LabTarget& target) const;
};

// Of the worlds whose comparison is there, in the order of seeds and languages. Throws kData where a
// comparison lacks the target altogether, naming what it has.
std::vector<LabRow> read_lab_rows(const LabDesign& design, const std::filesystem::path& folder);
Json lab_effects(const LabDesign& design, const std::vector<LabRow>& rows);

// results.json and .csv, effects.json and .csv, effects.svg, report.html.
void write_lab_results(const LabDesign& design, const std::vector<LabRow>& rows, const Json& effects,
                       const std::filesystem::path& folder);
// For people: means over the worlds, a line a language, and the effects.
std::string lab_table(const LabDesign& design, const std::vector<LabRow>& rows, const Json& effects);

// The languages' means, where each dial that the design turns is said in a word or two ("share 0.02").
struct LabMean {
  std::string tag, dials;
  LabRow mean;                 // seed: how many worlds
  std::vector<double> values;  // the target's measure in each world
};
std::vector<LabMean> lab_means(const LabDesign& design, const std::vector<LabRow>& rows);
std::string lab_picture(const LabDesign& design, const std::vector<LabRow>& rows, const Json& effects);

}  // namespace xlt
