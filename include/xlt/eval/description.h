// SPDX-License-Identifier: Apache-2.0
// A benchmark described in a JSON file, without a rebuild: `xlt eval --benchmarks mine.json`.
//
//   {"name": "mine", "kind": "pairs", "file": "mine/{lang}.csv",
//    "fields": {"id": "nr", "first": "stereotype", "second": "counter", "group": "topic"}, "metric":
//    "pct_stereotype"}
//
// `file` is relative to the data folder; each field names the file's own column. Comments are allowed.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "xlt/dataset/reader.h"

namespace xlt {

struct BenchmarkDescription {
  std::string name, kind, file, about;
  std::string metric;                    // the headline metric; empty: the kind's own
  std::optional<bool> higher_is_better;  // where the kind leaves it open
  std::string cut_at;                    // of prompts: a prompt ends before this ("[M]"); empty: nowhere
  std::map<std::string, std::vector<std::string>> fields;  // what a field is for → columns, mostly one
  std::string place;                                       // the description's path, for errors
  std::string hash;  // hex, of what it says: a comment or another order of its keys changes nothing

  bool has(const std::string& field) const { return fields.contains(field); }
  // The columns of a field · of one that has one. Throws kData, naming description and field, where the row
  // lacks one.
  std::vector<std::string> columns(const std::string& field, const Row& row) const;
  std::string column(const std::string& field, const Row& row) const;
  std::string text(const std::string& field, const Row& row) const;
};

// Whether a name of --benchmarks is a description's path.
bool is_description(std::string_view name);
// Throws kIo and kConfig, naming the file and the field: unknown kind, field or metric (the nearest is
// offered), a name that is no folder's, a file without {lang}.
BenchmarkDescription read_description(const std::filesystem::path& file);
// "pairs", "choice" …
std::vector<std::string> description_kinds();

}  // namespace xlt
