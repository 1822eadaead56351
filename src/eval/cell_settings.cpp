// SPDX-License-Identifier: Apache-2.0
#include "eval/cell_settings.h"

#include <algorithm>

#include "xlt/base/file.h"
#include "xlt/base/json.h"
#include "xlt/scorers/scorer.h"

namespace xlt {

namespace {

constexpr size_t kKeyLength = 16;
constexpr int kJudging = 2;  // changes with what items say of completions: they are judged anew, not sampled

// What a file is called in settings: its place in the data folder, where it lies there.
std::string name_of_file(const fs::path& file, const fs::path& data) {
  const fs::path relative = file.lexically_relative(data);
  return (relative.empty() ? file : relative).generic_string();
}

std::string key_of(const Json& json) { return sha256(dump_json(json)).substr(0, kKeyLength); }

}  // namespace

std::string CellSettings::hash_of(const fs::path& file) {
  std::string& hash = hashes_[file];
  if (hash.empty()) hash = fs::is_regular_file(file) ? sha256_of_file(file) : "not there";
  return hash;
}

// Settings that sampled completions depend on; who judges them comes on top.
Json CellSettings::shared_of(const CellPlan& plan) {
  const Benchmark& benchmark = plan.benchmark();
  const BenchmarkUses uses = benchmark.uses();
  Json data = Json::object();
  for (const auto& [name, hash] : benchmark.data_hashes(plan.files, plan.language)) data[name] = hash;
  if (data.empty())
    for (const fs::path& file : plan.files) data[name_of_file(file, options_.data)] = hash_of(file);
  for (const fs::path& file : benchmark.other_files(options_.data))
    data[name_of_file(file, options_.data)] = hash_of(file);
  for (const fs::path& file : benchmark.files_of_quirks(options_))
    data[name_of_file(file, options_.data)] = hash_of(file);
  Json settings{{"data", data}, {"limit", options_.limit}};
  const bool is_drawn = options_.limit > 0 && options_.limit_order == "random";
  if (options_.limit > 0) settings["limit_order"] = options_.limit_order;
  if (uses.sampling || is_drawn) settings["seed"] = options_.seed;
  if (uses.sampling) {
    SamplingOptions sampling = options_.sampling;
    settings.update(dump_options(visit_of(sampling)));
  }
  settings.update(dump_options(visit_of(*plan.entry.benchmark)));
  // Only where one is asked for, so that an evaluation without any keeps its cells.
  for (const std::string& id : options_.quirks)
    if ((uses.sampling && id == "G4") ||
        std::find(uses.quirks.begin(), uses.quirks.end(), id) != uses.quirks.end())
      settings["quirks"].push_back(id);
  if (uses.fluency && !services_.judge_hash.empty()) settings["fluency_judge"] = services_.judge_hash;
  if (uses.fluency && services_.seq2seq) settings["fluency_model"] = services_.seq2seq_hash;
  if (uses.model && services_.lm) settings["dtype"] = services_.lm->info().dtype;
  return settings;
}

Json CellSettings::of(const CellPlan& plan, const TextScorer* scorer) {
  const Benchmark& benchmark = plan.benchmark();
  Json settings{{"benchmark_version", benchmark.version()}};
  settings.update(shared_of(plan));
  if (benchmark.uses().identifier) settings["lid_hash"] = services_.identifier_hash;
  if (scorer) settings["scorer_hash"] = scorer->hash();
  return settings;
}

std::string CellSettings::items_key(const CellPlan& plan) {
  Json key{{"benchmark", plan.entry.name}, {"language", plan.language}, {"settings", of(plan, nullptr)}};
  key["model"] = services_.model_hash;
  const BenchmarkUses uses = plan.benchmark().uses();
  if ((uses.base || uses.base_if_any) && !services_.base_hash.empty()) key["base"] = services_.base_hash;
  if (uses.scorers) {
    key["at_k"] = options_.at_k;
    key["judging"] = kJudging;
    for (const TextScorer* scorer : services_.scorers) key["scorers"][scorer->name()] = scorer->hash();
  }
  return key_of(key);
}

std::string CellSettings::completions_key(const CellPlan& plan) {
  return key_of({{"benchmark", plan.entry.name},
                 {"language", plan.language},
                 {"version", plan.benchmark().version()},
                 {"settings", shared_of(plan)},
                 {"model", services_.model_hash}});
}

}  // namespace xlt
