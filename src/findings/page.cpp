// SPDX-License-Identifier: Apache-2.0
// The page: its data, and the template that shows them.
#include "xlt/findings/page.h"

#include "findings/comparison_rows.h"
#include "findings/page_inputs.h"
#include "findings/page_metrics.h"
#include "findings/page_samples.h"
#include "findings/page_sources.h"
#include "findings/page_summary.h"
#include "findings/page_tables.h"
#include "findings/page_template.h"

#include <set>

#include "xlt/base/file.h"
#include "xlt/base/join.h"
#include "xlt/base/language.h"
#include "xlt/base/version.h"

namespace xlt {

namespace {

// A reader must know in what else the arms differ.
void note_what_was_allowed(const Json& comparison, PageInputs& inputs) {
  const Json settings = comparison.is_object() ? comparison.value("settings", Json()) : Json();
  const Json allowed = settings.is_object() ? settings.value("allowed", Json()) : Json();
  std::set<std::string> keys;
  if (allowed.is_array())
    for (const Json& one : allowed)
      if (one.is_object()) keys.insert(one.value("key", ""));
  if (keys.empty()) return;
  inputs.notes.push_back("The arms differ in more than their adapters, which was allowed: " + join(keys) +
                         ".");
}

// The comparison that was given, or one made here, or null with a note.
Json comparison_of(PageInputs& inputs, const PageOptions& options, const Context& context) {
  if (inputs.comparisons.size() > 1)
    inputs.notes.push_back(
        "Of several comparisons the first is shown: " + inputs.comparisons[0].path.string() + ".");
  if (!inputs.comparisons.empty()) return inputs.comparisons[0].json;
  if (inputs.arms.size() < 2) {
    inputs.notes.push_back(inputs.arms.empty() ? "There is no evaluation, so nothing is compared."
                                               : "There is one evaluation only, so nothing is compared.");
    return Json();
  }
  CompareOptions compare;
  compare.source = options.source;
  compare.metrics = options.metrics;
  compare.seed = options.seed;
  compare.allow = options.allow;
  try {
    return compare_arms(inputs.arms, compare, context);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kData) throw;
    inputs.notes.push_back(std::string("The evaluations were not compared: ") + error.what());
    return Json();
  }
}

Json arms_of(const PageInputs& inputs, const Json& comparison) {
  Json arms = Json::array();
  if (comparison.is_object()) {
    for (const Json& arm : comparison.at("arms"))
      arms.push_back(Json{{"name", arm.at("name")},
                          {"is_base", arm.value("is_base", false)},
                          {"n_seeds", arm.value("n_seeds", Json(1))}});
    return arms;
  }
  for (const Arm& arm : inputs.arms)
    arms.push_back(
        Json{{"name", arm.name}, {"is_base", &arm == inputs.arms.data()}, {"n_seeds", arm.seeds.size()}});
  return arms;
}

// English names and scripts of the languages in any table.
Json languages_of(const Json& tables) {
  Json languages = Json::object();
  for (const auto& [name, table] : tables.items()) {
    const Json& columns = table.at("columns");
    for (size_t c = 0; c < columns.size(); ++c) {
      if (columns[c] != "language") continue;
      for (const Json& row : table.at("rows")) {
        if (!row[c].is_string() || languages.contains(row[c].get<std::string>())) continue;
        const auto tag = row[c].get<std::string>();
        const LanguageInfo* info = find_language(tag);
        languages[tag] = Json{{"name", language_name(tag)}, {"script", info ? Json(info->script) : Json()}};
      }
    }
  }
  return languages;
}

std::vector<PageTable> tables_of(const PageInputs& inputs, const Json& comparison,
                                 const PageOptions& options) {
  std::vector<PageTable> tables;
  if (comparison.is_object()) {
    tables.push_back(changes_table(comparison));
    tables.push_back(refused_table(comparison));
  }
  tables.push_back(values_table(inputs.arms, options.metrics));
  tables.push_back(metrics_table(inputs.arms, comparison, options.metrics));
  tables.push_back(coverage_table(inputs.arms));
  tables.push_back(left_out_table(inputs.arms, options.metrics));
  tables.push_back(agreement_table(inputs.arms));
  tables.push_back(predictors_table(inputs.predictors));
  tables.push_back(correlations_table(inputs.predictors));
  for (PageTable& table : human_tables(inputs.humans)) tables.push_back(std::move(table));
  tables.push_back(training_table(inputs.trainings));
  return tables;
}

PageTable table_from(const std::string& name, const Json& json) {
  return {name, json.at("title").get<std::string>(), json.at("columns").get<std::vector<std::string>>(),
          json.at("rows")};
}

}  // namespace

void PageOptions::visit(OptionVisitor& v) {
  v.field("folders", folders,
          "output folders of xlt eval, train, compare, predictors and sweep, or folders that hold such, and "
          "files of xlt human import; the seeds of one arm: NAME=DIR,DIR,…");
  v.field("output", output, "the page");
  v.field("csv", csv, "folder for every table as CSV; empty: none");
  v.field("latex", latex, "file for every table as LaTeX (booktabs, longtable); empty: none");
  v.field("title", title, "what the page is called; empty: after its arms");
  v.field("source", source, "language of the finetuning");
  v.field("metrics", metrics, "which metrics: headline, all, or names");
  v.field("allow", allow,
          "settings in which evaluations may differ and be compared here (a warning names them)");
  v.field("num_samples", num_samples, "completions before and after, a benchmark, language and arm; 0: none",
          between(0, 1000));
}

Json page_data(const PageOptions& options, const Context& context) {
  const std::string source = parse_language(options.source);
  PageInputs inputs = read_page_inputs(options.folders);
  for (const FoundFile& file : inputs.humans)
    for (const Json& note : file.json.value("notes", Json::array()))
      inputs.notes.push_back("Human judgement: " + note.get<std::string>());
  const Json comparison = comparison_of(inputs, options, context);
  note_what_was_allowed(comparison, inputs);
  Json arms = arms_of(inputs, comparison), tables = Json::object();
  for (const PageTable& table : tables_of(inputs, comparison, options))
    if (!table.rows.empty()) tables[table.name] = table.json();
  std::string title = options.title;
  if (title.empty() && !arms.empty())
    title = "What changed: " +
            join(arms, ", ", [](const Json& arm) { return arm.at("name").get<std::string>(); });
  Json settings = comparison.is_object() ? comparison.value("settings", Json()) : Json();
  Json languages = languages_of(tables);
  return Json{{"title", title.empty() ? "Report" : title},
              {"made_by", Json{{"version", version()}, {"commit", build_commit()}, {"dirty", build_dirty()}}},
              {"source", source},
              {"summary", page_summary(inputs, comparison)},
              {"arms", std::move(arms)},
              {"tables", std::move(tables)},
              {"languages", std::move(languages)},
              {"samples", page_samples(inputs.arms, options.num_samples)},
              {"sources", page_sources(inputs)},
              {"settings", std::move(settings)},
              {"notes", inputs.notes}};
}

std::string page_html(const Json& data) {
  return filled_page(kPageTemplate, data.at("title").get<std::string>(), data);
}

void write_page(const Json& data, const PageOptions& options) {
  if (!options.csv.empty()) make_folders(options.csv);
  std::string latex = "% Written by xlt report; needs \\usepackage{booktabs,longtable}\n";
  for (const auto& [name, json] : data.at("tables").items()) {
    const PageTable table = table_from(name, json);
    if (!options.csv.empty()) write_file(fs::path(options.csv) / (name + ".csv"), csv_of(table));
    latex += "\n" + latex_of(table);
  }
  for (const std::string& file : {options.latex, options.output})
    if (const fs::path parent = fs::path(file).parent_path(); !file.empty() && !parent.empty())
      make_folders(parent);
  if (!options.latex.empty()) write_file(options.latex, latex);
  write_file(options.output, page_html(data));
}

}  // namespace xlt
