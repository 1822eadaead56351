// SPDX-License-Identifier: Apache-2.0
// A benchmark: data + protocol. In each language its items become requests to a language model, and each
// item's result becomes ratios; metrics are reductions of those.
//
//   class Mine : public Benchmark { … };                      // src/eval/benchmarks/mine.cpp
//   std::unique_ptr<Benchmark> make_mine_benchmark() { return std::make_unique<Mine>(); }
//   X(mine)                                                   // src/eval/benchmarks.def
//
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "xlt/base/config.h"
#include "xlt/base/context.h"
#include "xlt/base/json_fwd.h"
#include "xlt/base/registry.h"
#include "xlt/eval/metric.h"
#include "xlt/lm/language_model.h"
#include "xlt/scorers/unscored.h"

namespace xlt {

class LanguageIdentifier;
class Seq2Seq;
class TextScorer;
struct EvalOptions;

// paper: the published protocol, quirks included; corrected: without them.
enum class Scoring { kPaper, kCorrected };
const char* name_of(Scoring scoring);  // "paper", "corrected"

// What of an item depends on which scorer judged its texts.
struct ScorerPart {
  std::map<std::string, Ratio> ratios;
  Unscored unscored;
  std::map<std::string, Unscored> absent;
  std::vector<std::optional<double>> scores;  // of each completion, where several scorers judged them
};

// One item in one language. A ratio that could not be measured is not there, and `unscored` says why: never a
// zero.
struct ScoredItem {
  std::string id;
  std::shared_ptr<Json> detail;  // what was scored and the numbers, for items/…jsonl
  // By name; "paper.…" and "corrected.…" where the modes differ. 0/0: looked at, nothing to count.
  std::map<std::string, Ratio> ratios;
  Unscored unscored;                            // kNone: it was scored
  std::map<std::string, Unscored> absent;       // ratio → why this item lacks it, where it has others
  std::map<std::string, ScorerPart> by_scorer;  // by TextScorer::name
};
// The items as one scorer sees them: its part beside their own. An item that it did not judge stays as it is.
std::vector<ScoredItem> items_under(const std::string& scorer, const std::vector<ScoredItem>& items);

// What an evaluation is made with; built by `run`, which owns all of it. Null: there is none.
struct EvalServices {
  LanguageModel* lm = nullptr;  // null: completions of another system are scored
  std::vector<TextScorer*> scorers = {};
  const LanguageIdentifier* identifier = nullptr;
  // What is written beside a cell, and keys it. base_hash: of --base; empty: there is none.
  std::string model_hash = {}, identifier_hash = {}, base_hash = {};
  // --fluency-model: an encoder-decoder, or a decoder that judges in place of the untouched model.
  // judge_hash: of that decoder, else of the untouched model.
  Seq2Seq* seq2seq = nullptr;
  LanguageModel* judge = nullptr;
  std::string seq2seq_hash = {}, judge_hash = {};
};

// Texts by item id, in the order of their samples.
using KeptCompletions = std::map<std::string, std::vector<std::string>>;

// One language's share of a benchmark.
struct CellInput {
  std::string language;                      // BCP-47
  std::vector<std::filesystem::path> files;  // Benchmark::files, all of them there
  const EvalOptions& options;
  const EvalServices& services;
  const Context& context;
  // Completions that an earlier evaluation sampled with the same settings: they are judged anew, not sampled.
  const KeptCompletions* kept = nullptr;
};

// What a benchmark's scores depend on besides its files, its own options and the limit.
struct BenchmarkUses {
  bool model = true, sampling = false, scorers = false, identifier = false;
  bool base = false;         // an untouched model beside the model; `all` means it only with --base
  bool base_if_any = false;  // an untouched model, for a part of the figures, where there is one
  bool fluency = false;      // who judges fluency (EvalServices::seq2seq, judge)
  std::vector<std::string> quirks = {};  // of those that --quirks may ask for; all that sample have G4
};

// What the summary in words calls a metric ("bits per byte"), where the benchmark has one worth a sentence.
struct SummarySubject {
  std::string metric, name;
  bool is_cost = false;  // what finetuning may cost, named after what it was for
};

class Benchmark {
 public:
  virtual ~Benchmark() = default;
  virtual std::string description() const = 0;
  virtual std::string version() const = 0;  // changes when scores may
  // Its own options, if it has any: flags of `xlt eval`, whose names no other benchmark has.
  virtual void visit(OptionVisitor& /*v*/) {}
  virtual BenchmarkUses uses() const { return {}; }
  virtual std::vector<SummarySubject> summary() const { return {}; }
  // What a reader must know of its figures in this language, for the report's cells; empty: nothing.
  virtual std::string note(const std::string& /*language*/) const { return {}; }
  // Languages of the published data and those with a file in the folder, as BCP-47 tags.
  virtual std::vector<std::string> languages(const std::filesystem::path& data) const = 0;
  // The files of a language, one or more, there or not: where one is missing, the cell says so and is null.
  virtual std::vector<std::filesystem::path> files(const std::filesystem::path& data,
                                                   const std::string& language) const = 0;
  // Files it reads beside the language's own, where they are there.
  virtual std::vector<std::filesystem::path> other_files(const std::filesystem::path& /*data*/) const {
    return {};
  }
  // Files that only a quirk makes it read (EvalOptions::quirks), there or not.
  virtual std::vector<std::filesystem::path> files_of_quirks(const EvalOptions& /*options*/) const {
    return {};
  }
  // What of the files two evaluations must share to be compared, by name; empty: their whole content.
  virtual std::map<std::string, std::string> data_hashes(const std::vector<std::filesystem::path>& /*files*/,
                                                         const std::string& /*language*/) const {
    return {};
  }
  // Reads the files, asks the model, scores. In file order; see select_items for --limit.
  virtual std::vector<ScoredItem> score(const CellInput& input) const = 0;
  virtual std::vector<MetricSpec> metrics(Scoring scoring, const EvalOptions& options) const = 0;
};

std::span<const Entry<Benchmark>> benchmarks();

// A benchmark made, under the name that reports call it.
struct NamedBenchmark {
  std::string name;
  std::shared_ptr<Benchmark> benchmark;
};
// One of each row of the table.
std::vector<NamedBenchmark> make_benchmarks();

}  // namespace xlt
