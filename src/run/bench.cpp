// SPDX-License-Identifier: Apache-2.0
#include "xlt/run/bench.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <string_view>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/join.h"
#include "xlt/base/json.h"
#include "xlt/base/registry.h"
#include "xlt/base/scratch_folder.h"
#include "xlt/base/version.h"
#include "xlt/dataset/record.h"
#include "xlt/ops/matmul/machine_rates.h"
#include "xlt/run/environment.h"
#include "xlt/run/train_run.h"
#include "xlt/stats/descriptive.h"

namespace xlt {

namespace {

// Products of a decoder: a few rows (decoding), a batch of samples, a training step; square, and as wide as a
// head.
struct Shape {
  int64_t rows, out, in;
};
constexpr Shape kShapes[] = {{1, 2048, 640},    {25, 2048, 640},   {100, 2048, 640}, {512, 2048, 640},
                             {100, 640, 2048},  {512, 640, 2048},  {512, 64, 640},   {512, 640, 64},
                             {100, 32768, 640}, {512, 32768, 640}, {512, 2048, 2048}};
// What a limit is reckoned with: large enough for the best that the machine does.
constexpr Shape kLargeShape = {512, 2048, 2048};

Json spread_of(std::vector<double> values) {
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  return Json{{"median", *median_of(values)}, {"low", *low}, {"high", *high}};
}

// Seconds at the end of a run's last step, before anything is saved.
double seconds_of_steps(const fs::path& run) {
  double seconds = 0;
  LineReader lines(run / "metrics.jsonl");
  while (const auto line = lines.next()) {
    const Json row = parse_json(*line, "metrics.jsonl");
    if (row.value("split", "") == "train") seconds = row.at("seconds");
  }
  return seconds;
}

class Bench {
 public:
  Bench(const BenchOptions& options, const ModelChoice& model, const Placement& where, uint64_t seed,
        const Context& context)
      : options_(options), model_(model), where_(where), seed_(seed), context_(context) {}

  // Looked at before the work and after it: what is best of the two is the limit, for others may be using the
  // machine.
  void look_at_machine() {
    copy_gb_per_s_ = std::max(copy_gb_per_s_, ops::measure_copy(where_, options_.repeats));
    for (const auto& rate :
         ops::measure_matmul(where_, kLargeShape.rows, kLargeShape.out, kLargeShape.in, options_.repeats))
      best_gflops_ = std::max(best_gflops_, rate.gflops);
  }
  Json machine() const { return {{"copy_gb_per_s", copy_gb_per_s_}, {"matmul_gflops", best_gflops_}}; }
  // What the matrix products of a row would take at the machine's best, as a share of its time.
  void add_share_of_limit(Json& row) const {
    if (row.contains("gflops")) row["share_of_limit"] = row.at("gflops").get<double>() / best_gflops_;
  }

  // Each work gives its rows; `name` is that of its row in kWorks.
  Json matmul(const std::string&) {
    Json rows = Json::array();
    for (const Shape& shape : kShapes) {
      context_.throw_if_interrupted();
      for (const auto& rate : ops::measure_matmul(where_, shape.rows, shape.out, shape.in, options_.repeats))
        rows.push_back({{"rows", shape.rows},
                        {"out", shape.out},
                        {"in", shape.in},
                        {"library", rate.library},
                        {"gflops", rate.gflops},
                        {"chosen", rate.is_chosen}});
    }
    return rows;
  }

  Json generate(const std::string& name) {
    std::vector<GenerateRequest> requests;
    for (const auto& pair : records())
      if (static_cast<int64_t>(requests.size()) < options_.num_prompts)
        requests.push_back({pair.prompt, std::to_string(requests.size())});
    GenerationOptions generation;
    generation.ignore_eos = true;
    generation.seed = seed_;
    const double tokens =
        static_cast<double>(requests.size()) * generation.num_samples * generation.max_new_tokens;
    return repeated(name, "tokens/s", [&]() -> Speed {
      LanguageModel& model = lm();
      const int64_t before = ops::num_multiply_adds();
      const double begin = monotonic_seconds();
      model.generate(requests, generation);
      const double seconds = monotonic_seconds() - begin;
      return {tokens / seconds, gflops_since(before, seconds)};
    });
  }

  Json score(const std::string& name) {
    std::vector<std::string> texts;
    for (const auto& pair : records())
      if (static_cast<int64_t>(texts.size()) < options_.num_texts) texts.push_back(pair.prompt + pair.chosen);
    return repeated(name, "tokens/s", [&]() -> Speed {
      LanguageModel& model = lm();
      const int64_t before = ops::num_multiply_adds();
      const double begin = monotonic_seconds();
      int64_t tokens = 0;
      for (const LogLikelihood& result : model.rolling_log_likelihood(texts, TextStart::kAsTokenized))
        tokens += result.num_tokens;
      const double seconds = monotonic_seconds() - begin;
      return {static_cast<double>(tokens) / seconds, gflops_since(before, seconds)};
    });
  }

  Json train(const std::string& method) {
    lm_.reset();  // its weights would stand beside the run's
    TrainRunOptions run;
    run.model = model_.model;
    run.adapter.init_adapter = model_.adapter;
    run.adapter.quantize = model_.quantize;
    run.data = options_.data;
    if (method_row_kind(method) == RowKind::kText) run.fields.completion_field = run.fields.chosen_field;
    run.trainer.method = method;
    run.trainer.max_steps = options_.steps;
    run.trainer.lr_schedule = "constant";
    double tokens_per_step = 0;
    Json rows = repeated(method, "steps/s", [&]() -> Speed {
      const ScratchFolder folder;  // an adapter and an optimizer's state
      const fs::path output = folder.path() / "run";
      run.output = output.string();
      const int64_t before = ops::num_multiply_adds();
      const Json summary = run_training(run, where_, seed_, dump_options(visit_of(run)), context_);
      const double seconds = seconds_of_steps(output);
      tokens_per_step = summary.at("num_tokens").get<double>() / static_cast<double>(options_.steps);
      return {static_cast<double>(options_.steps) / seconds, gflops_since(before, seconds)};
    });
    rows[0]["tokens_per_step"] = tokens_per_step;
    return rows;
  }

 private:
  struct Speed {
    double rate;        // in the row's unit
    double gflops = 0;  // of matrix products, in 10⁹ a second; 0: not known
  };
  // One repeat more than is kept: the first one reads the weights from the disk.
  Json repeated(const std::string& name, const std::string& unit, const std::function<Speed()>& once) const {
    std::vector<double> rates, gflops;
    for (int64_t i = 0; i <= options_.repeats; ++i) {
      context_.throw_if_interrupted();
      const Speed speed = once();
      if (i == 0) continue;
      rates.push_back(speed.rate);
      gflops.push_back(speed.gflops);
    }
    Json row{{"work", name}, {"unit", unit}};
    row.update(spread_of(rates));
    if (const double done = *median_of(gflops); done > 0) row["gflops"] = done;
    return Json::array({row});
  }

  LanguageModel& lm() {
    if (!lm_) lm_ = load_language_model(model_, where_, context_);
    return *lm_;
  }

  static double gflops_since(int64_t multiply_adds, double seconds) {
    return 2e-9 * static_cast<double>(ops::num_multiply_adds() - multiply_adds) / seconds;
  }

  const std::vector<PreferenceRecord>& records() {
    if (records_.empty()) records_ = load_preference(options_.data, {});
    return records_;
  }

  const BenchOptions& options_;
  const ModelChoice& model_;
  const Placement& where_;
  uint64_t seed_;
  const Context& context_;
  double best_gflops_ = 0, copy_gb_per_s_ = 0;
  std::unique_ptr<LanguageModel> lm_;
  std::vector<PreferenceRecord> records_;
};

// Where a work's rows go in the result.
constexpr const char *kOfMachine = "matmul", *kOfModel = "work";

struct Work {
  const char *name, *what;
  const char* section;  // kOfModel: needs a model and pairs
  Json (Bench::*time)(const std::string& name);

  bool needs_model() const { return std::string_view(section) == kOfModel; }
  bool trains() const { return time == &Bench::train; }
};
constexpr Work kWorks[] = {
    {"matmul", "matrix products of a decoder, by every library at hand", kOfMachine, &Bench::matmul},
    {"generate", "25 samples of 20 tokens of each prompt", kOfModel, &Bench::generate},
    {"score", "log-likelihoods of texts", kOfModel, &Bench::score},
    {"dpo", "training steps on 4 preference pairs each, LoRA", kOfModel, &Bench::train},
    {"sft", "training steps on 4 texts each, LoRA", kOfModel, &Bench::train},
};

const Work& find_work(const std::string& name) {
  for (const Work& work : kWorks)
    if (name == work.name) return work;
  throw_unknown_name("work", name, bench_work_names());
}

std::string works_that(bool need_model) {
  std::string names;
  for (const Work& work : kWorks)
    if (work.needs_model() == need_model) append_item(names, work.name);
  return names;
}

void check_options(const BenchOptions& options, const ModelChoice& model) {
  const bool asks_a_model = std::any_of(options.work.begin(), options.work.end(),
                                        [](const auto& name) { return find_work(name).needs_model(); });
  if (asks_a_model && (model.model.empty() || options.data.empty()))
    throw Error(ErrorKind::kUsage,
                str_cat(works_that(/*need_model=*/true),
                        ": each needs --model DIR and --data FILE (preference pairs); --work ",
                        works_that(/*need_model=*/false), " needs neither"));
  const auto trained = std::find_if(options.work.begin(), options.work.end(),
                                    [](const auto& name) { return find_work(name).trains(); });
  if (model.quantize == "stored" && trained != options.work.end())
    throw Error(ErrorKind::kUsage, *trained + " trains, and a file's own blocks are for answering alone",
                "--quantize stored");
}

}  // namespace

std::vector<Described> bench_works() {
  std::vector<Described> rows;
  for (const Work& work : kWorks) rows.push_back({work.name, work.what});
  return rows;
}

std::vector<std::string> bench_work_names() {
  std::vector<std::string> names;
  for (const Work& work : kWorks) names.emplace_back(work.name);
  return names;
}

void BenchOptions::visit(OptionVisitor& v) {
  v.field("work", work, "what to time", one_of(bench_work_names()));
  v.field("data", data,
          "preference pairs {\"prompt\", \"chosen\", \"rejected\"} to generate from, score and train on");
  v.field("output", output, "file for the figures as JSON; empty: only the table");
  v.field("repeats", repeats, "repeats of each figure, of which the median is given", between(1, 1'000'000));
  v.field("num_prompts", num_prompts, "prompts of generate, 25 samples of 20 tokens each",
          between(1, 1'000'000));
  v.field("num_texts", num_texts, "texts of score", between(1, 1'000'000));
  v.field("steps", steps, "steps of a training run, 4 pairs or texts each", between(1, 1'000'000));
}

Json run_bench(const BenchOptions& options, const ModelChoice& model, const Placement& where, uint64_t seed,
               const Json& config, const Context& context) {
  check_options(options, model);
  std::optional<AtomicFile> output;  // opened first: a folder that cannot be written is known at once
  if (!options.output.empty()) output.emplace(options.output);
  Bench bench(options, model, where, seed, context);
  Json result{{"version", version()},
              {"command", "bench"},
              {"config", config},
              {"code", code_record()},
              {"env", environment_record(where)},
              {kOfMachine, Json::array()},
              {kOfModel, Json::array()}};
  bench.look_at_machine();
  for (const std::string& name : options.work) {
    context.info("timing " + name);
    const Work& work = find_work(name);
    for (Json& row : (bench.*work.time)(work.name)) result[work.section].push_back(std::move(row));
  }
  bench.look_at_machine();
  result["machine"] = bench.machine();
  for (Json& row : result[kOfModel]) bench.add_share_of_limit(row);
  if (output) {
    output->write(dump_json(result) + "\n");
    output->commit();
  }
  return result;
}

}  // namespace xlt
