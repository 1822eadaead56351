// SPDX-License-Identifier: Apache-2.0
#include "run/lab/lab_results.h"

#include "run/lab/lab_folder.h"

#include <algorithm>
#include <map>
#include <set>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/join.h"
#include "xlt/base/json_or_null.h"
#include "xlt/base/quoting.h"
#include "xlt/stats/descriptive.h"

namespace xlt {

namespace {

std::optional<double> number(const Json& row, const char* key) {
  if (!row.contains(key) || !row.at(key).is_number()) return std::nullopt;
  return row.at(key).get<double>();
}

bool is_target(const Json& row, const LabTarget& target) {
  const Json scorer = row.value("scorer", Json());
  return row.at("benchmark") == target.benchmark && row.at("metric") == target.metric &&
         row.at("scoring") == target.scoring && row.at("arm") == target.arm &&
         (scorer.is_string() ? scorer.get<std::string>() : "") == target.scorer;
}

// The rows of a comparison that the target is about, by language.
std::map<std::string, Json> target_rows(const Json& comparison, const LabTarget& target,
                                        const fs::path& file) {
  std::map<std::string, Json> found;
  std::set<std::string> others;
  for (const Json& row : comparison.at("rows")) {
    if (is_target(row, target)) found[row.at("language").get<std::string>()] = row;
    const Json scorer = row.value("scorer", Json());
    others.insert(str_cat(row.at("benchmark").get<std::string>(), " ", row.at("metric").get<std::string>(),
                          scorer.is_string() ? " " + scorer.get<std::string>() : ""));
  }
  if (!found.empty()) return found;
  throw Error(ErrorKind::kData,
              str_cat("has no row of the analysis's target, ", target.benchmark, " ", target.metric, " ",
                      target.scorer, "; it has ", join(others)),
              file.string());
}

// Of the untouched model, by language.
std::map<std::string, double> bits_per_byte(const Json& comparison) {
  std::map<std::string, double> bits;
  for (const Json& row : comparison.at("rows"))
    if (row.at("benchmark") == "perplexity" && row.at("metric") == "bits_per_byte")
      if (const auto base = number(row, "base")) bits[row.at("language").get<std::string>()] = *base;
  return bits;
}

std::map<std::string, double> dials_by_name(LanguageDials dials) {
  std::map<std::string, double> numbers;
  const Json all = dump_options(visit_of(dials));
  for (const auto& [name, value] : all.items())
    if (value.is_number()) numbers[name] = value.get<double>();
  return numbers;
}

Json json_of(const LabRow& row) {
  LanguageDials dials = row.dials;
  return {{"seed", row.seed},
          {"language", row.dials.tag},
          {"dials", dump_options(visit_of(dials))},
          {"fertility", row.fertility},
          {"overlap", row.overlap},
          {"entropy_bits_per_byte", row.entropy},
          {"bits_per_byte", json_or_null(row.bits_per_byte)},
          {"before", json_or_null(row.before)},
          {"after", json_or_null(row.after)},
          {"change", json_or_null(row.change)},
          {"change_relative", json_or_null(row.change_relative)}};
}

// For people: 2, not 2.0.
std::string level_of(const Json& value) {
  std::string text = value.is_string() ? value.get<std::string>() : dump_json(value);
  if (value.is_number_float() && text.ends_with(".0")) text.resize(text.size() - 2);
  return text;
}

std::string results_csv(const Json& rows) {
  std::string text =
      "seed,language,share,vocabulary,dial_overlap,order,script,bilingual,bilingual_kind,placebo";
  const std::vector<std::string> measured = {"fertility",     "overlap",        "entropy_bits_per_byte",
                                             "bits_per_byte", "before",         "after",
                                             "change",        "change_relative"};
  for (const std::string& name : measured) text += "," + name;
  for (const Json& row : rows) {
    text += "\n" + csv_field(row.at("seed")) + "," + csv_field(row.at("language"));
    for (const char* dial :
         {"share", "vocabulary", "overlap", "order", "script", "bilingual", "bilingual_kind", "placebo"})
      text += "," + csv_field(row.at("dials").at(dial));
    for (const std::string& name : measured) text += "," + csv_field(row.at(name));
  }
  return text + "\n";
}

std::string effects_csv(const Json& effects) {
  std::string text = "contrast,estimate,low,high,p_value,p_holm,n_blocks,n_same_sign,is_effect\n";
  for (const Json& row : effects.at("contrasts")) {
    const Json& ci = row.at("ci95");
    text += csv_quoted(row.at("name").get<std::string>()) + "," + csv_field(row.at("estimate")) + "," +
            (ci.is_null() ? "," : csv_field(ci[0]) + "," + csv_field(ci[1]));
    for (const char* key : {"p_value", "p_holm", "n_blocks", "n_same_sign", "is_effect"})
      text += "," + csv_field(row.at(key));
    text += "\n";
  }
  return text;
}

std::string page(const LabDesign& design, const std::string& table, const std::string& picture) {
  std::string text =
      "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>Lab</title>\n"
      "<style>body{font:15px/1.45 sans-serif;max-width:60em;margin:2em auto}pre{overflow:auto}</style>\n"
      "<h1>What the dials do to the transfer</h1>\n" +
      picture + "\n<pre>" + markup_text(table) + "</pre>\n<h2>Each world</h2>\n<ul>\n";
  for (const int64_t seed : design.seeds) {
    const std::string at = design.seeds.size() == 1 ? "" : str_cat("compare/seed-", seed, "/");
    text += str_cat("<li><a href=\"finetuning/", at, "report.html\">seed ", seed, "</a>\n");
  }
  return text + "</ul>\n</html>\n";
}

}  // namespace

std::optional<double> LabRow::value(const LabTarget& target) const {
  return target.measure == "change" ? change : change_relative;
}

std::vector<LabRow> read_lab_rows(const LabDesign& design, const fs::path& folder) {
  std::vector<LabRow> rows;
  for (const int64_t seed : design.seeds) {
    const fs::path file = world_comparison(folder, seed);
    if (!fs::exists(file)) continue;
    const Json comparison = load_json(file);
    const Json measured = load_json(world_folder(folder, seed) / "measured.json").at("languages");
    const auto found = target_rows(comparison, design.target, file);
    const auto bits = bits_per_byte(comparison);
    for (const LanguageDials& dials : design.languages) {
      const Json& own = measured.at(dials.tag);
      LabRow& row = rows.emplace_back();
      row.seed = seed;
      row.dials = dials;
      row.fertility = own.at("fertility").get<double>();
      row.overlap = own.at("overlap").get<double>();
      row.entropy = own.at("entropy_bits_per_byte").get<double>();
      if (bits.contains(dials.tag)) row.bits_per_byte = bits.at(dials.tag);
      const auto cell = found.find(dials.tag);
      if (cell == found.end()) continue;
      row.before = number(cell->second, "base");
      row.after = number(cell->second, "value");
      row.change = number(cell->second, "change");
      row.change_relative = number(cell->second, "change_relative");
    }
  }
  return rows;
}

Json lab_effects(const LabDesign& design, const std::vector<LabRow>& rows) {
  std::vector<FactorialBlock> blocks;
  for (const LabRow& row : rows) {
    const std::string name = name_of_world(row.seed);
    if (blocks.empty() || blocks.back().name != name) blocks.push_back({name, {}});
    // Language 1 is where the finetuning was.
    if (row.dials.tag == design.languages.front().tag) continue;
    blocks.back().units.push_back({row.dials.tag, dials_by_name(row.dials), row.value(design.target)});
  }
  LabTarget target = design.target;
  Json effects = {{"contrasts", Json::array()}};
  if (!design.analysis.factors.empty()) effects = factorial_effects(design.analysis, blocks);
  effects["target"] = dump_options(visit_of(target));
  return effects;
}

std::vector<LabMean> lab_means(const LabDesign& design, const std::vector<LabRow>& rows) {
  // Dials that are not the same for all languages but the first.
  std::set<std::string> turned;
  const auto text_of = [](LanguageDials dials) { return dump_options(visit_of(dials)); };
  const size_t reference = std::min<size_t>(1, design.languages.size() - 1);
  const Json usual = text_of(design.languages[reference]);
  for (size_t i = reference; i < design.languages.size(); ++i) {
    const Json own = text_of(design.languages[i]);
    for (const auto& [name, value] : own.items())
      if (name != "tag" && value != usual.at(name)) turned.insert(name);
  }
  std::vector<LabMean> means;
  for (const LanguageDials& dials : design.languages) {
    LabMean& one = means.emplace_back();
    one.tag = dials.tag;
    const Json all = text_of(dials);
    for (const std::string& name : turned) append_item(one.dials, name + " " + level_of(all.at(name)));
    if (&dials == &design.languages.front()) one.dials = "language 1";
    std::map<std::string, std::vector<double>> columns;
    for (const LabRow& row : rows) {
      if (row.dials.tag != dials.tag) continue;
      ++one.mean.seed;
      columns["fertility"].push_back(row.fertility);
      columns["entropy"].push_back(row.entropy);
      if (row.bits_per_byte) columns["bits"].push_back(*row.bits_per_byte);
      if (row.before) columns["before"].push_back(*row.before);
      if (row.after) columns["after"].push_back(*row.after);
      if (const auto value = row.value(design.target)) one.values.push_back(*value);
    }
    one.mean.dials = dials;
    one.mean.fertility = mean_of(columns["fertility"]).value_or(0);
    one.mean.entropy = mean_of(columns["entropy"]).value_or(0);
    one.mean.bits_per_byte = mean_of(columns["bits"]);
    one.mean.before = mean_of(columns["before"]);
    one.mean.after = mean_of(columns["after"]);
  }
  return means;
}

void write_lab_results(const LabDesign& design, const std::vector<LabRow>& rows, const Json& effects,
                       const fs::path& folder) {
  Json table = Json::array();
  for (const LabRow& row : rows) table.push_back(json_of(row));
  const std::string picture = lab_picture(design, rows, effects);
  write_file(folder / "results.json",
             dump_json({{"rows", table}, {"target", effects.at("target")}}, 1) + "\n");
  write_file(folder / "results.csv", results_csv(table));
  write_file(folder / "effects.json", dump_json(effects, 1) + "\n");
  write_file(folder / "effects.csv", effects_csv(effects));
  write_file(folder / "effects.svg", picture);
  write_file(folder / "report.html", page(design, lab_table(design, rows, effects), picture));
}

}  // namespace xlt
