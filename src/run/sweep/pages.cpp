// SPDX-License-Identifier: Apache-2.0
#include "run/sweep/pages.h"

#include "run/sweep/cell_folder.h"
#include "run/sweep/collect.h"

#include <algorithm>

#include "xlt/base/file.h"
#include "xlt/findings/compare.h"
#include "xlt/findings/page.h"

namespace xlt {

namespace {

constexpr const char* kPage = "report.html";

fs::path place_of(const fs::path& folder, const std::string& model) { return folder / "compare" / model; }

// Trainings by the names of their arms: a cell's own folder is a hash. Returns whether there are any.
bool link_runs(const fs::path& folder, const SweepPlan& plan, const std::string& model) {
  const fs::path place = place_of(folder, model) / "runs";
  fs::remove_all(place);
  bool has_any = false;
  for (const SweepCell& cell : plan.cells) {
    if (cell.kind != "train" || cell.model != model) continue;
    const CellFolder run(folder, cell.id);
    if (!run.history().is_done) continue;
    make_folders(place);
    // Relative: the folder may be seen under another name elsewhere.
    fs::create_directory_symlink(fs::relative(run.output(), place),
                                 place / name_of(SweepArm{model, cell.recipe, cell.seed, {}}));
    has_any = true;
  }
  return has_any;
}

// As `xlt report` takes them.
std::vector<std::string> inputs_of(const fs::path& folder, const SweepPlan& plan, const std::string& model) {
  const fs::path place = place_of(folder, model);
  std::vector<std::string> inputs;
  if (fs::exists(place / "compare.json")) {
    inputs.push_back((place / "compare.json").string());
  } else {
    for (const SweepArm& arm : plan.arms)
      if (const fs::path own = place / "arms" / name_of(arm); arm.model == model && fs::exists(own))
        inputs.push_back(name_of(arm) + "=" + own.string());
  }
  if (link_runs(folder, plan, model)) inputs.push_back((place / "runs").string());
  return inputs;
}

void write_model_page(const std::string& model, const std::vector<std::string>& inputs, const Json& compare,
                      const fs::path& output, const Context& context) {
  CompareOptions compared;
  read_options(visit_of(compared), compare, "compare");
  PageOptions options;
  options.folders = inputs;
  options.output = output.string();
  options.title = model + ": what changed";
  options.source = compared.source;
  options.metrics = compared.metrics;
  options.seed = kCompareSeed;
  write_page(page_data(options, context), options);
  context.info("wrote " + options.output);
}

// Names of models are letters, digits and . _ - only.
std::string page_of_links(const std::vector<std::string>& models) {
  std::string page =
      "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>Models of this sweep</title>\n"
      "<h1>Models of this sweep</h1>\n<ul>\n";
  for (const std::string& model : models)
    page += "<li><a href=\"compare/" + model + "/report.html\">" + model + "</a>\n";
  return page + "</ul>\n</html>\n";
}

// Those that will not be written anew show what is no longer so.
void remove_pages(const fs::path& folder, const SweepPlan& plan, const std::vector<std::string>& models) {
  if (models.empty()) fs::remove(folder / kPage);
  for (const SweepArm& arm : plan.arms)
    if (models.size() < 2 || std::find(models.begin(), models.end(), arm.model) == models.end())
      fs::remove(place_of(folder, arm.model) / kPage);
}

}  // namespace

void write_pages(const fs::path& folder, const SweepPlan& plan, const Context& context) {
  std::vector<std::string> models;
  std::vector<std::vector<std::string>> inputs;
  for (const SweepArm& arm : plan.arms) {
    if (std::find(models.begin(), models.end(), arm.model) != models.end()) continue;
    auto own = inputs_of(folder, plan, arm.model);
    if (own.empty()) continue;
    models.push_back(arm.model);
    inputs.push_back(std::move(own));
  }
  remove_pages(folder, plan, models);
  for (size_t i = 0; i < models.size(); ++i) {
    context.throw_if_interrupted();
    const fs::path own = models.size() == 1 ? folder : place_of(folder, models[i]);
    write_model_page(models[i], inputs[i], plan.compare, own / kPage, context);
  }
  if (models.size() > 1) write_file(folder / kPage, page_of_links(models));
}

}  // namespace xlt
