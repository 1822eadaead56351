// SPDX-License-Identifier: Apache-2.0
// Jigsaw Unintended Bias in Toxicity: comments rated below 0.1.
#include "dataset/preset.h"

#include <cstdlib>

#include "xlt/base/error.h"
#include "xlt/base/json.h"

namespace xlt {

namespace {
class Jigsaw : public Preset {
  const char* source() const override {
    return "train.csv of Kaggle's jigsaw-unintended-bias-in-toxicity-classification";
  }
  std::optional<SftRecord> sft(const Row& row) const override {
    if (!row.has("target")) row.text("target");  // throws, naming the nearest field
    const Json& target = row.fields().at("target");
    double toxicity = 0;
    if (target.is_number()) {
      toxicity = target.get<double>();
    } else {
      const std::string text = target.is_string() ? target.get<std::string>() : "";
      char* end = nullptr;
      toxicity = std::strtod(text.c_str(), &end);
      if (text.empty() || *end != 0)
        throw Error(ErrorKind::kData, str_cat("field \"target\" is not a number: \"", text, "\""),
                    row.place());
    }
    if (!(toxicity < 0.1)) return std::nullopt;  // a row without a rating (NaN) too
    return SftRecord{true, "", row.text("comment_text"), row.place()};
  }
};
}  // namespace

std::unique_ptr<Preset> make_jigsaw_preset() { return std::make_unique<Jigsaw>(); }

}  // namespace xlt
