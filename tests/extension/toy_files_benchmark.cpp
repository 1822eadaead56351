// SPDX-License-Identifier: Apache-2.0
// A benchmark of two files a language, with an option of its own: how many bytes of the one are in the other.
#include "eval/factories.h"
#include "eval/item_rows.h"
#include "eval/language_files.h"

#include "xlt/base/json.h"

namespace xlt {

namespace {

class ToyFiles : public Benchmark {
 public:
  std::string description() const override { return "a toy that reads two files"; }
  std::string version() const override { return "1"; }
  void visit(OptionVisitor& v) override { v.field("toy_bonus", bonus_, "added to every item"); }
  BenchmarkUses uses() const override { return {.model = false}; }
  std::vector<std::string> languages(const std::filesystem::path& data) const override {
    return LanguageFiles(data, "toy/{lang}/left.txt").languages();
  }
  std::vector<std::filesystem::path> files(const std::filesystem::path& data,
                                           const std::string& language) const override {
    return {LanguageFiles(data, "toy/{lang}/left.txt").file(language),
            LanguageFiles(data, "toy/{lang}/right.txt").file(language)};
  }
  std::vector<ScoredItem> score(const CellInput& input) const override {
    const auto left = select_items(read_rows(input.files[0]), {}, input.options),
               right = select_items(read_rows(input.files[1]), {}, input.options);
    std::vector<ScoredItem> items;
    for (size_t i = 0; i < left.size(); ++i) {
      ScoredItem item{left[i].id, std::make_shared<Json>(Json::object())};
      item.ratios["share"] = {
          static_cast<double>(left[i].row.text("text").size() + static_cast<size_t>(bonus_)),
          static_cast<double>(right[i].row.text("text").size())};
      items.push_back(std::move(item));
    }
    return items;
  }
  std::vector<MetricSpec> metrics(Scoring, const EvalOptions&) const override {
    return {headline(unbounded(ratio_metric("share", "share", true)))};
  }

 private:
  int64_t bonus_ = 0;
};

}  // namespace

std::unique_ptr<Benchmark> make_toy_files_benchmark() { return std::make_unique<ToyFiles>(); }

}  // namespace xlt
