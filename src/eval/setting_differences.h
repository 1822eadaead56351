// SPDX-License-Identifier: Apache-2.0
// In what two evaluations' settings differ, setting by setting, for refusals that name all of it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "xlt/base/json.h"

namespace xlt {

// A value as people read it; a hash by its beginning.
std::string shown_setting(const Json& value);

class SettingDifferences {
 public:
  void add(const std::string& setting, const std::string& before, const std::string& here,
           const std::string& cell);
  // Of two cells' settings; of "data", file by file. Settings that are no object are those of an older
  // version's report.
  void add_all(const Json& before, const Json& here, const std::string& cell);

  bool empty() const { return rows_.empty(); }
  // Those whose setting is not among `names`.
  SettingDifferences but_for(const std::vector<std::string>& names) const;
  // [{"setting", "baseline", "here", "n_cells"}] of those whose setting is among `names`.
  Json allowed(const std::vector<std::string>& names) const;
  // "limit,seed": sorted, each once.
  std::string names() const;
  // "\n  limit: 2 WHERE, 1 here (perplexity en and 3 more)", a line each.
  std::string lines(const std::string& where) const;

 private:
  // One setting that differs, with its values, and the cells where it does so.
  struct Difference {
    std::string setting, before, here, first_cell;
    int64_t num_cells = 0;
  };
  std::vector<Difference> rows_;
};

}  // namespace xlt
