// SPDX-License-Identifier: Apache-2.0
#include "run/run_record.h"

#include "run/run_folder.h"
#include "run/train_run_options.h"
#include "run/watch.h"

#include <string_view>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/join.h"
#include "xlt/base/json.h"
#include "xlt/base/version.h"
#include "xlt/checkpoint/model_source.h"
#include "xlt/dataset/record.h"
#include "xlt/parallel/parallel.h"
#include "xlt/run/environment.h"
#include "xlt/run/recipe.h"
#include "xlt/run/train_run.h"

namespace xlt {

namespace {

std::vector<fs::path> all_data_files(const TrainRunOptions& options) {
  std::vector<fs::path> files = data_files(options.data);
  for (const std::string* data : {&options.eval_data, &options.retain})
    if (!data->empty())
      for (fs::path& file : data_files(*data)) files.push_back(std::move(file));
  for (fs::path& file : watched_files(options)) files.push_back(std::move(file));
  return files;
}

// Small files besides the data that decide what a run computes; weights are too large to hash at every start.
std::vector<fs::path> input_files(const TrainRunOptions& options) {
  std::vector<fs::path> files;
  const auto add = [&](const std::vector<fs::path>& more) {
    files.insert(files.end(), more.begin(), more.end());
  };
  if (from_scratch(options)) add({options.model_config});
  if (!options.model.empty()) add(open_model_source(options.model)->small_files());
  if (!options.tokenizer.empty()) add(open_model_source(options.tokenizer)->tokenizer_files());
  if (fs::is_regular_file(options.chat_template)) add({options.chat_template});
  if (!options.recipe.empty() && is_recipe_file(options.recipe)) add({options.recipe});
  if (!options.adapter.init_adapter.empty()) add(adapter_files(options.adapter.init_adapter));
  return files;
}

}  // namespace

Json run_record(const TrainRunOptions& options, const Placement& where, uint64_t seed, const Json& config,
                int64_t num_rows, int64_t ranks) {
  return {{"version", version()},
          {"command", "train"},
          {"status", "running"},
          {"ranks", ranks},
          {"config", config},
          {"code", code_record()},
          {"env", environment_record(where)},
          {"seeds", {{"seed", seed}}},
          {"num_rows", num_rows},
          {"data", file_records(all_data_files(options))},
          {"inputs", file_records(input_files(options))}};
}

void check_alike(World& world, const Json& record) {
  constexpr const char* kParts[] = {"version", "config", "data", "inputs"};
  const Json first = parse_json(found_by_first_rank(world,
                                                    [&] {
                                                      Json parts;
                                                      for (const char* part : kParts)
                                                        parts[part] = record.at(part);
                                                      return dump_json(parts);
                                                    }),
                                "rank 0");
  on_all_ranks(world, [&] {
    for (const char* part : kParts) {
      if (record.at(part) == first.at(part)) continue;
      const bool are_options = std::string_view(part) == "config";
      std::string names;
      if (are_options) names = join(changed_options(first.at(part), record.at(part)));
      if (are_options && names.empty()) continue;  // only such as do not matter
      throw Error(ErrorKind::kUsage,
                  str_cat("differs from what rank 0 was given in its ", part, names.empty() ? "" : ": ",
                          names, "; start all ranks by the same command, on the same files"),
                  str_cat("rank ", world.rank()));
    }
  });
}

}  // namespace xlt
