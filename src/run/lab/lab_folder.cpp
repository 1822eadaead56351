// SPDX-License-Identifier: Apache-2.0
#include "run/lab/lab_folder.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <optional>
#include <string_view>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/join.h"

namespace xlt {

namespace {

constexpr std::string_view kWorldPrefix = "seed-";

std::optional<int64_t> seed_of_world(std::string_view name) {
  if (!name.starts_with(kWorldPrefix)) return std::nullopt;
  name.remove_prefix(kWorldPrefix.size());
  int64_t seed = 0;
  const auto [end, fault] = std::from_chars(name.data(), name.data() + name.size(), seed);
  return fault == std::errc() && end == name.data() + name.size() ? std::optional(seed) : std::nullopt;
}

// Of the worlds whose results are there to be seen.
std::vector<int64_t> compared_seeds(const fs::path& folder) {
  std::vector<int64_t> seeds;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder / "finetuning" / "compare", ignored)) {
    const auto seed = seed_of_world(entry.path().filename().string());
    if (seed && fs::exists(world_comparison(folder, *seed), ignored)) seeds.push_back(*seed);
  }
  std::sort(seeds.begin(), seeds.end());
  return seeds;
}

// The seeds that must not be left out. An older version's design.json has none: there they are those of the
// worlds that lie finished in the folder, for what was only made or trained tells nothing by which worlds
// could be chosen.
std::vector<int64_t> seeds_run(const JsonView& kept, const fs::path& folder) {
  return kept.has("seeds") ? kept.at("seeds").as_ints() : compared_seeds(folder);
}

void refuse_another_design(const LabDesign& design, Json kept, const fs::path& file,
                           const std::string& output) {
  if (kept.is_object()) kept.erase("seeds");
  if (kept != design.normalised)
    throw Error(ErrorKind::kUsage,
                str_cat("holds an experiment of another design (", file.string(),
                        "), and a design is not changed once it runs, but for further seeds; give another "
                        "--output, or remove the folder"),
                output);
}

void refuse_fewer_seeds(const LabDesign& design, const std::vector<int64_t>& run, const std::string& output) {
  std::vector<int64_t> missing;
  std::copy_if(run.begin(), run.end(), std::back_inserter(missing), [&](int64_t seed) {
    return std::find(design.seeds.begin(), design.seeds.end(), seed) == design.seeds.end();
  });
  if (missing.empty()) return;
  throw Error(ErrorKind::kUsage,
              str_cat("leaves out ", missing.size() == 1 ? "seed " : "seeds ",
                      join(missing, ", ", [](int64_t seed) { return str_cat(seed); }), ", which ", output,
                      " was run with; seeds may be added to an experiment, but to leave some out "
                      "afterwards would be to choose its result: name them too, or give another --output"),
              design.file + ": seeds");
}

}  // namespace

std::string name_of_world(int64_t seed) { return str_cat(kWorldPrefix, seed); }

fs::path world_folder(const fs::path& folder, int64_t seed) {
  return folder / "worlds" / name_of_world(seed);
}

fs::path world_comparison(const fs::path& folder, int64_t seed) {
  return folder / "finetuning" / "compare" / name_of_world(seed) / "compare.json";
}

void claim_lab_folder(const LabDesign& design, const fs::path& folder, const std::string& output) {
  const fs::path file = folder / "design.json";
  Json claimed = design.normalised;
  claimed["seeds"] = design.seeds;
  if (fs::exists(file)) {
    const Json kept = load_json(file);
    refuse_another_design(design, kept, file, output);
    refuse_fewer_seeds(design, seeds_run(JsonView(kept, file.string()), folder), output);
    if (kept == claimed) return;
  }
  write_file(file, dump_json(claimed, 2) + "\n");
}

}  // namespace xlt
