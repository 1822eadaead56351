// SPDX-License-Identifier: Apache-2.0
#include "text/growth.h"
#include "text/normalizer.h"

#include <vector>

namespace xlt {

NormalizerStep make_sequence_normalizer(const JsonView& json) {
  const JsonView list = json.at("normalizers");
  check_number_of_parts(list.size(), list.place());
  std::vector<NormalizerStep> steps;
  for (size_t i = 0; i < list.size(); ++i) steps.push_back(make_normalizer_step(list.at(i)));
  return [steps](std::string text, size_t limit) {
    for (const NormalizerStep& step : steps) {
      text = step(std::move(text), limit);
      check_growth(text.size(), limit);
    }
    return text;
  };
}

}  // namespace xlt
