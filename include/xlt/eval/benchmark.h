// SPDX-License-Identifier: Apache-2.0
// A benchmark: data + protocol. In each language its items become requests to a language model, and each
// item's result becomes ratios; metrics are reductions of those.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "xlt/base/context.h"
#include "xlt/base/json_fwd.h"
#include "xlt/base/registry.h"
#include "xlt/eval/metric.h"
#include "xlt/lm/language_model.h"

namespace xlt {

class LanguageIdentifier;
class TextScorer;
struct EvalOptions;

// One item in one language. A ratio that could not be measured is not there, and `unscored` says why: never a
// zero.
struct ScoredItem {
  std::string id;
  std::shared_ptr<Json> detail;  // what was scored and the numbers, for items/…jsonl
  // By name; "paper.…" and "corrected.…" where the modes differ. 0/0: looked at, nothing to count.
  std::map<std::string, Ratio> ratios;
  std::string unscored;                       // reason, or empty
  std::map<std::string, std::string> absent;  // ratio → why this item lacks it, where it has others
};

struct BenchmarkContext {
  LanguageModel& lm;
  const EvalOptions& options;
  const TextScorer* toxicity;            // null: no word lists were given
  const LanguageIdentifier* identifier;  // null: no --lid
  const Context& context;
};

class Benchmark {
 public:
  virtual ~Benchmark() = default;
  virtual const char* description() const = 0;
  virtual const char* version() const = 0;  // changes when scores may
  // Whether BenchmarkContext::toxicity judges its texts.
  virtual bool uses_scorer() const { return false; }
  // Options that its scores depend on besides data, limit and the scorer's; "lid" stands for that file's
  // content.
  virtual std::vector<std::string> depends_on() const { return {}; }
  // Files it reads beside the language's own.
  virtual std::vector<std::filesystem::path> other_files(const std::filesystem::path& /*data*/) const {
    return {};
  }
  // Languages of the published data and those with a file in the folder, as BCP-47 tags.
  virtual std::vector<std::string> languages(const std::filesystem::path& data) const = 0;
  // The file of a language, whether it is there or not.
  virtual std::filesystem::path file(const std::filesystem::path& data,
                                     const std::string& language) const = 0;
  // Reads the file, asks the model, scores. In file order.
  virtual std::vector<ScoredItem> score(const std::filesystem::path& file, const std::string& language,
                                        const BenchmarkContext& context) const = 0;
  // `scoring`: "paper" or "corrected".
  virtual std::vector<MetricSpec> metrics(const std::string& scoring) const = 0;
};

std::span<const Entry<Benchmark>> benchmarks();

}  // namespace xlt
