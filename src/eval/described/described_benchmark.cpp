// SPDX-License-Identifier: Apache-2.0
#include "eval/described/described_benchmark.h"

#include "eval/chosen_items.h"
#include "eval/described/kind.h"
#include "eval/language_files.h"

#include <map>
#include <set>

#include "xlt/base/error.h"
#include "xlt/base/join.h"
#include "xlt/base/json.h"

namespace xlt {

namespace {

// A group's share of a ratio has a name of its own.
std::string in_group(const std::string& ratio, const std::string& group) { return ratio + "@" + group; }

void add_group(std::map<std::string, Ratio>& ratios, const std::string& group) {
  const auto own = ratios;
  for (const auto& [name, ratio] : own) ratios[in_group(name, group)] = ratio;
}

// Of several columns their values, joined: "female/male".
std::string group_of(const BenchmarkDescription& description, const Row& row) {
  std::string group;
  for (const std::string& column : description.columns("group", row)) {
    const Json& value = row.fields().at(column);
    append_item(group, value.is_string() ? value.get<std::string>() : dump_json(value), "/");
  }
  return group;
}

class DescribedBenchmark : public Benchmark {
 public:
  DescribedBenchmark(BenchmarkDescription description, std::filesystem::path data)
      : description_(std::move(description)),
        kind_(find_entry<DescribedKind>(described_kinds(), "kind", description_.kind).make()),
        data_(std::move(data)) {}

  std::string description() const override {
    return description_.about.empty() ? kind_->about() : description_.about;
  }
  // What the description says decides what is scored, so it is part of the version and of every cell's key.
  std::string version() const override { return "1." + description_.hash.substr(0, 12); }
  BenchmarkUses uses() const override { return kind_->uses(); }
  std::vector<std::string> languages(const std::filesystem::path& data) const override {
    return LanguageFiles(data, description_.file).languages();
  }
  std::vector<std::filesystem::path> files(const std::filesystem::path& data,
                                           const std::string& language) const override {
    return {LanguageFiles(data, description_.file).file(language)};
  }

  std::vector<ScoredItem> score(const CellInput& input) const override {
    const std::string id = description_.has("id") ? description_.fields.at("id").front() : "id";
    const auto chosen = choose_items(read_rows(input.files[0]), {id.c_str()}, columns(), input.options);
    auto items = kind_->score(description_, chosen.rows, input);
    if (!description_.has("group")) return chosen.with_others(std::move(items));
    for (size_t i = 0; i < items.size(); ++i) {
      const std::string group = group_of(description_, chosen.rows[i].row);
      (*items[i].detail)["group"] = group;
      add_group(items[i].ratios, group);
      for (auto& [scorer, part] : items[i].by_scorer) add_group(part.ratios, group);
    }
    return chosen.with_others(std::move(items));
  }

  std::vector<MetricSpec> metrics(Scoring scoring, const EvalOptions& options) const override {
    auto specs = kind_->metrics(description_, scoring, options);
    if (!description_.metric.empty() && !kind_->names_its_metric())
      for (MetricSpec& spec : specs) spec.is_headline = spec.name == description_.metric;
    const size_t own = specs.size();
    for (size_t i = 0; i < own; ++i)
      for (const std::string& group : specs[i].is_headline ? groups() : std::set<std::string>()) {
        MetricSpec spec = specs[i];
        spec.name += "/" + group;
        spec.is_headline = false;
        for (std::string& ratio : spec.ratios) ratio = in_group(ratio, group);
        specs.push_back(std::move(spec));
      }
    return specs;
  }

 private:
  // What an item cannot be without: all columns but its id.
  std::vector<FieldPath> columns() const {
    std::vector<FieldPath> all;
    for (const auto& [field, names] : description_.fields)
      if (field != "id")
        for (const std::string& name : names) all.push_back({name});
    return all;
  }

  // The groups of every language, so that all cells have the same metrics. A file that cannot be read fails
  // its own cell, not this.
  const std::set<std::string>& groups() const {
    if (!groups_) groups_ = description_.has("group") ? read_groups() : std::set<std::string>();
    return *groups_;
  }
  std::set<std::string> read_groups() const {
    std::set<std::string> groups;
    const LanguageFiles files(data_, description_.file);
    for (const std::string& language : files.languages()) {
      try {
        for (const ItemRow& item : choose_items(read_rows(files.file(language)), {}, columns(), {}).rows)
          groups.insert(group_of(description_, item.row));
      } catch (const Error&) {
      }
    }
    return groups;
  }

  BenchmarkDescription description_;
  std::unique_ptr<DescribedKind> kind_;
  std::filesystem::path data_;
  mutable std::optional<std::set<std::string>> groups_;
};

}  // namespace

NamedBenchmark make_described_benchmark(const std::filesystem::path& description,
                                        const std::filesystem::path& data) {
  BenchmarkDescription read = read_description(description);
  const std::string name = read.name;
  return {name, std::make_shared<DescribedBenchmark>(std::move(read), data)};
}

}  // namespace xlt
