// SPDX-License-Identifier: Apache-2.0
// Finished cells on disk: DIR/items/<benchmark>/<lang>.jsonl, and DIR/cells/<benchmark>/<lang>-<key>.json,
// which says that those items are complete and by what they were determined.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "xlt/eval/benchmark.h"

namespace xlt {

struct CellWork {
  std::vector<ScoredItem> items;
  double seconds = 0;
  int64_t num_tokens = 0;  // computed by the model
};

std::filesystem::path items_file(const std::filesystem::path& output, const std::string& benchmark,
                                 const std::string& language);
// Items of an earlier evaluation, without their details. Throws kData for a malformed file.
std::vector<ScoredItem> read_items(const std::filesystem::path& file);

class CellStore {
 public:
  explicit CellStore(std::filesystem::path output) : output_(std::move(output)) {}
  // Nothing if the cell is not there, is of another key, or its files do not belong together.
  std::optional<CellWork> find(const std::string& benchmark, const std::string& language,
                               const std::string& key) const;
  // The items alone: of a cell that failed, to be looked at.
  void show(const std::string& benchmark, const std::string& language, const CellWork& work) const;
  // Items first, then the stamp: killed in between, the cell counts as missing. `completions_key`: of what
  // determines the completions that the items hold, whoever judged them.
  void keep(const std::string& benchmark, const std::string& language, const std::string& key,
            const std::string& completions_key, const CellWork& work) const;
  // What was sampled for each prompt of such items, by item id, so that another scorer need not sample again.
  // Empty: there are none of this key.
  KeptCompletions completions(const std::string& benchmark, const std::string& language,
                              const std::string& completions_key) const;

 private:
  std::filesystem::path stamp_file(const std::string& benchmark, const std::string& language,
                                   const std::string& key) const;
  std::filesystem::path output_;
};

}  // namespace xlt
