// SPDX-License-Identifier: Apache-2.0
// Several scorers beside each other: whom each could judge, and how far they agree.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "xlt/base/json_fwd.h"
#include "xlt/base/rng.h"
#include "xlt/eval/benchmark.h"

namespace xlt {

// Shares of completions with text that a scorer gave a score, by language and scorer, over all benchmarks.
class Coverage {
 public:
  void add(const std::string& language, const std::vector<ScoredItem>& items);
  Json to_json() const;  // {language: {scorer: share|null}}

 private:
  std::map<std::string, std::map<std::string, Ratio>> counts_;
};

// {"scorers", "n", "alpha"|null, "alpha_ci95"|null}: Krippendorff's alpha (interval level) over the
// completions that two of these scorers or more scored, n of them; its interval draws items, whose
// completions go together. Null where no two scores can be held together, or all are equal.
Json panel_of(const std::vector<ScoredItem>& items, const std::vector<std::string>& scorers, int64_t draws,
              const Rng& rng);

}  // namespace xlt
