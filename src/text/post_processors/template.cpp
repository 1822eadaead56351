// SPDX-License-Identifier: Apache-2.0
// "single": special tokens before and after the sequence.
#include "text/post_processor.h"

namespace xlt {

SpecialIds read_template_post_processor(const JsonView& json) {
  SpecialIds ids;
  bool is_after = false;
  const JsonView parts = json.at("single");
  for (size_t i = 0; i < parts.size(); ++i) {
    if (parts.at(i).has("Sequence")) {
      is_after = true;
      continue;
    }
    const JsonView name = parts.at(i).at("SpecialToken").at("id");
    const std::vector<int64_t> token = json.at("special_tokens").at(name.as_string()).at("ids").as_ints();
    std::vector<int64_t>& side = is_after ? ids.suffix : ids.prefix;
    side.insert(side.end(), token.begin(), token.end());
    check_number_of_ids(ids, json);
  }
  return ids;
}

}  // namespace xlt
