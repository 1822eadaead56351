// SPDX-License-Identifier: Apache-2.0
// Jigsaw Unintended Bias in Toxicity: comments rated below 0.1. The rating is called "target" in train.csv,
// "toxicity" in the files that Kaggle published after the competition (test_private_expanded.csv,
// all_data.csv).
#include "dataset/preset.h"

#include <cstdlib>

#include "xlt/base/error.h"
#include "xlt/base/json.h"

namespace xlt {

namespace {

constexpr double kMild = 0.1;  // ratings are below it

const char* rating_field(const Row& row) {
  return !row.has("target") && row.has("toxicity") ? "toxicity" : "target";
}

double rating_of(const Row& row) {
  const char* field = rating_field(row);
  if (!row.has(field)) row.text(field);  // throws, naming the nearest field
  const Json& value = row.fields().at(field);
  if (value.is_number()) return value.get<double>();
  const std::string text = value.is_string() ? value.get<std::string>() : "";
  char* end = nullptr;
  const double rating = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != 0)
    throw Error(ErrorKind::kData, str_cat("field \"", field, "\" is not a number: \"", text, "\""),
                row.place());
  return rating;
}

class Jigsaw : public Preset {
  const char* source() const override {
    return "train.csv and test_private_expanded.csv of Kaggle's "
           "jigsaw-unintended-bias-in-toxicity-classification";
  }
  const char* fields() const override { return "comment_text, and target or toxicity, the rating"; }
  bool reads(const Row& row) const override {
    return row.has("comment_text") && (row.has("target") || row.has("toxicity"));
  }
  std::optional<SftRecord> sft(const Row& row, const DataFields&) const override {
    if (!(rating_of(row) < kMild)) return std::nullopt;  // a row without a rating (NaN) too
    return SftRecord{true, "", row.text("comment_text"), row.place()};
  }
};

}  // namespace

std::unique_ptr<Preset> make_jigsaw_preset() { return std::make_unique<Jigsaw>(); }

}  // namespace xlt
