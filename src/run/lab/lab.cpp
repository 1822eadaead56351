// SPDX-License-Identifier: Apache-2.0
#include "xlt/run/lab.h"

#include "run/lab/lab_checks.h"
#include "run/lab/lab_design.h"
#include "run/lab/lab_folder.h"
#include "run/lab/lab_grids.h"
#include "run/lab/lab_results.h"
#include "run/lab/make_world.h"
#include "run/sweep/cell_folder.h"
#include "run/sweep/plan.h"

#include <chrono>
#include <memory>
#include <thread>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/lock.h"
#include "xlt/findings/parallel_texts.h"
#include "xlt/findings/predictors.h"
#include "xlt/lm/sentence_encoder.h"
#include "xlt/run/sentence_similarity.h"
#include "xlt/text/tokenizer.h"

namespace xlt {

namespace {

constexpr int64_t kPredictorResamples = 200;

class Lab {
 public:
  Lab(const LabOptions& options, const SweepTools& tools, const Placement& where, const Context& context)
      : options_(options),
        tools_(tools),
        where_(where),
        context_(context),
        folder_(fs::absolute(options.output).lexically_normal()),
        design_(read_lab_design(options.design, tools)) {
    check_lab_design(design_, tools);
  }

  LabResult run() {
    make_folders(folder_ / "worlds");
    claim_folder();
    for (const int64_t seed : design_.seeds) make(seed);
    LabResult result;
    write_file(folder_ / "model.json", dump_json(design_.model, 2) + "\n");
    add(result, sweep("pretraining", pretraining_grid(design_, folder_)));
    if (!result.all_done()) return result;
    link_models();
    add(result, sweep("finetuning", finetuning_grid(design_, folder_)));
    for (const int64_t seed : design_.seeds) predict(seed);
    const auto rows = read_lab_rows(design_, folder_);
    const Json effects = lab_effects(design_, rows);
    write_lab_results(design_, rows, effects, folder_);
    result.table = lab_table(design_, rows, effects);
    return result;
  }

 private:
  fs::path world(int64_t seed) const { return world_folder(folder_, seed); }

  // The analysis was fixed before the first run, or it is another experiment. Seeds may be added.
  void claim_folder() const {
    const auto lock = take_lock_when_free();
    claim_lab_folder(design_, folder_, options_.output);
  }

  std::unique_ptr<FileLock> take_lock_when_free() const {
    LockAttempt attempt(folder_ / kLockName, {"makes worlds", folder_, design_.lease_seconds});
    while (true) {
      context_.throw_if_interrupted();
      if (auto lock = attempt.try_take()) return lock;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  }

  void make(int64_t seed) const {
    context_.throw_if_interrupted();
    const auto lock = take_lock_when_free();
    make_world(design_, seed, world(seed), context_);
  }

  SweepResult sweep(const char* name, const Json& grid) const {
    const fs::path file = folder_ / (std::string(name) + ".json");
    // The same grid again must not look like another one to a worker that is reading it.
    if (const std::string text = dump_json(grid, 2) + "\n"; !fs::exists(file) || read_file(file) != text)
      write_file(file, text);
    SweepOptions options;
    options.grid = file.string();
    options.output = (folder_ / name).string();
    options.workers = options_.workers;
    options.replace = true;  // the design's own rule is claim_folder's
    return run_sweep(options, tools_, context_);
  }

  static void add(LabResult& result, const SweepResult& sweep) {
    result.num_cells += sweep.num_cells;
    result.num_done += sweep.num_done;
  }

  // worlds/NAME/model: what its pretraining made, so that a model lies where its world is.
  void link_models() const {
    const auto lock = take_lock_when_free();
    const fs::path plan = folder_ / "pretraining" / "plan.json";
    for (const SweepCell& cell : plan_from_json(load_json(plan), plan.string()).cells) {
      const fs::path place = folder_ / "worlds" / cell.model;
      const fs::path model = CellFolder(folder_ / "pretraining", cell.id).output() / "model";
      std::error_code ignored;
      if (!fs::exists(place / "model", ignored)) {
        fs::remove(place / "model", ignored);
        // Relative: the folder may be seen under another name elsewhere.
        fs::create_directory_symlink(fs::relative(model, place), place / "model");
      }
    }
  }

  // What `xlt predictors` says of the world: language by language, over all metrics.
  void predict(int64_t seed) const {
    context_.throw_if_interrupted();
    const fs::path file = world_comparison(folder_, seed), place = file.parent_path();
    if (!fs::exists(file) || fs::exists(place / "predictors" / "predictors.json")) return;
    PredictorsOptions options;
    options.source = design_.languages.front().tag;
    options.table = {(world(seed) / "dials.csv").string()};
    options.num_resamples = kPredictorResamples;
    const Json comparison = load_json(file);
    const ParallelTexts texts = read_parallel_texts(world(seed) / "data" / "udhr");
    const std::string model = (world(seed) / "model").string();
    const auto encoder = load_sentence_encoder({.model = model}, where_, context_);
    Json languages = language_predictors(options, comparison, texts, *load_tokenizer(model, context_),
                                         sentence_similarities(*encoder, texts, options.source, context_));
    write_predictors(correlate(options, comparison, std::move(languages), context_), place / "predictors");
  }

  const LabOptions& options_;
  const SweepTools& tools_;
  const Placement& where_;
  const Context& context_;
  fs::path folder_;
  LabDesign design_;
};

}  // namespace

void LabOptions::visit(OptionVisitor& v) {
  v.field("design", design,
          "the experiment: a JSON file of languages, recipes, seeds and analysis (configs/lab)");
  v.field("output", output, "folder of the experiment, on a file system that all workers share");
  v.field("dry_run", dry_run, "only print the languages and what will be estimated");
  v.field("workers", workers, "trainings or evaluations that run at a time, each as a process of its own",
          between(1, 4096));
}

LabResult run_lab(const LabOptions& options, const SweepTools& tools, const Placement& where,
                  const Context& context) {
  return Lab(options, tools, where, context).run();
}

Json lab_plan(const LabOptions& options, const SweepTools& tools) {
  const LabDesign design = read_lab_design(options.design, tools);
  check_lab_design(design, tools);
  Json languages = Json::array(), contrasts = Json::array();
  for (LanguageDials dials : design.languages) languages.push_back(dump_options(visit_of(dials)));
  for (const Contrast& contrast : design.analysis.all_contrasts()) contrasts.push_back(contrast.name);
  LabTarget target = design.target;
  const Grammar grammar(design.grammar);
  return {{"seeds", design.seeds},
          {"languages", languages},
          {"documents", design.num_documents},
          {"concepts", grammar.num_concepts()},
          {"entropy_bits_per_document", grammar.entropy_bits()},
          {"target", dump_options(visit_of(target))},
          {"terms", design.analysis.all_terms()},
          {"contrasts", contrasts},
          {"cells", design.seeds.size() * (2 + 2 * design.recipes.size())}};
}

}  // namespace xlt
