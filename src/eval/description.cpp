// SPDX-License-Identifier: Apache-2.0
#include "xlt/eval/description.h"

#include "eval/described/kind.h"
#include "eval/factories.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/json.h"

namespace xlt {

namespace {

constexpr Entry<DescribedKind> kKinds[] = {
#define X(name) {#name, make_##name##_kind},
#include "eval/described/kinds.def"
#undef X
};

constexpr std::array<const char*, 8> kKeys = {"about", "cut_at", "fields", "file", "higher_is_better",
                                              "kind",  "metric", "name"};

void check_one_of(const JsonView& at, std::string_view what, const std::string& name,
                  const std::vector<std::string>& names) {
  if (std::find(names.begin(), names.end(), name) == names.end())
    at.fail(unknown_name_message(what, name, names));
}

// A name becomes a folder's and stands beside the table's names in reports.
void check_name(const JsonView& at, const std::string& name) {
  const bool is_plain = !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '_' || c == '-';
  });
  if (!is_plain) at.fail(str_cat("\"", name, "\": expected letters, digits, \"_\" and \"-\""));
  const auto taken = names_of(benchmarks());
  if (name == "all" || std::find(taken.begin(), taken.end(), name) != taken.end())
    at.fail(str_cat("\"", name, "\" is the name of a built-in benchmark; choose another"));
}

void check_file(const JsonView& at, const std::string& file) {
  const size_t first = file.find("{lang}");
  if (first == std::string::npos || file.find("{lang}", first + 1) != std::string::npos)
    at.fail(str_cat("\"", file, "\" must hold {lang} once, in place of a language's tag"));
  if (std::filesystem::path(file).is_absolute()) at.fail("must be relative to the data folder");
  constexpr std::array<std::string_view, 5> kEndings = {".csv", ".json", ".jsonl", ".tsv", ".txt"};
  if (std::find(kEndings.begin(), kEndings.end(), std::filesystem::path(file).extension().string()) ==
      kEndings.end())
    at.fail(str_cat("\"", file, "\": expected a file of .csv, .json, .jsonl, .tsv or .txt"));
}

void read_fields(const JsonView& at, const DescribedKind& kind, BenchmarkDescription& out) {
  std::vector<std::string> names{"id", "group"};
  for (const DescribedField& field : kind.fields()) names.emplace_back(field.name);
  for (const std::string& name : at.keys()) {
    check_one_of(at.at(name), "field", name, names);
    const JsonView columns = at.at(name);
    out.fields[name] =
        columns.value().is_array() ? columns.as_strings() : std::vector<std::string>{columns.as_string()};
    if (out.fields[name].empty()) columns.fail("names no column");
  }
  for (const DescribedField& field : kind.fields())
    if (field.is_required && !out.has(field.name))
      at.fail(str_cat("lacks \"", field.name,
                      "\", which a benchmark of this kind needs; it names the file's column"));
}

}  // namespace

std::span<const Entry<DescribedKind>> described_kinds() { return kKinds; }
std::vector<std::string> description_kinds() { return names_of(described_kinds()); }
bool is_description(std::string_view name) { return name.ends_with(".json"); }

BenchmarkDescription read_description(const std::filesystem::path& file) {
  const Json json = load_json(file, ErrorKind::kConfig, /*allow_comments=*/true);
  const JsonView view(json, file.string(), ErrorKind::kConfig);
  for (const std::string& key : view.keys())
    check_one_of(view.at(key), "key", key, std::vector<std::string>(kKeys.begin(), kKeys.end()));
  BenchmarkDescription out;
  out.place = file.string();
  out.name = view.at("name").as_string();
  check_name(view.at("name"), out.name);
  out.kind = view.at("kind").as_string();
  check_one_of(view.at("kind"), "kind", out.kind, description_kinds());
  out.file = view.at("file").as_string();
  check_file(view.at("file"), out.file);
  out.about = view.get("about", "");
  out.metric = view.get("metric", "");
  out.cut_at = view.get("cut_at", "");
  if (view.has("higher_is_better")) out.higher_is_better = view.at("higher_is_better").as_bool();
  const auto kind = find_entry<DescribedKind>(described_kinds(), "kind", out.kind).make();
  read_fields(view.at("fields"), *kind, out);
  if (!out.metric.empty() && !kind->names_its_metric()) {
    std::vector<std::string> names;
    for (const MetricSpec& spec : kind->metrics(out, Scoring::kCorrected, EvalOptions{}))
      names.push_back(spec.name);
    check_one_of(view.at("metric"), "metric", out.metric, names);
  }
  // Keys sorted, so that their order says nothing.
  std::map<std::string, std::string> said{
      {"kind", out.kind}, {"file", out.file}, {"metric", out.metric}, {"cut_at", out.cut_at}};
  for (const auto& [name, columns] : out.fields) said["fields." + name] = dump_json(Json(columns));
  if (out.higher_is_better) said["higher_is_better"] = *out.higher_is_better ? "true" : "false";
  out.hash = sha256(dump_json(Json(said)));
  return out;
}

std::vector<std::string> BenchmarkDescription::columns(const std::string& field, const Row& row) const {
  for (const std::string& column : fields.at(field)) {
    if (row.has(column)) continue;
    std::vector<std::string> there;
    for (const auto& [name, value] : row.fields().items()) there.push_back(name);
    throw Error(
        ErrorKind::kData,
        str_cat(unknown_name_message("column", column, there), " (fields.", field, " of ", place, ")"),
        row.place());
  }
  return fields.at(field);
}

std::string BenchmarkDescription::column(const std::string& field, const Row& row) const {
  return columns(field, row).front();
}

std::string BenchmarkDescription::text(const std::string& field, const Row& row) const {
  return row.text(column(field, row));
}

}  // namespace xlt
