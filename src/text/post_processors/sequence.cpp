// SPDX-License-Identifier: Apache-2.0
#include "text/growth.h"
#include "text/post_processor.h"

namespace xlt {

// Each puts its own around what the ones before put there.
SpecialIds read_sequence_post_processor(const JsonView& json) {
  const JsonView list = json.at("processors");
  check_number_of_parts(list.size(), list.place());
  SpecialIds ids;
  for (size_t i = 0; i < list.size(); ++i) {
    const SpecialIds outer = read_post_processor(list.at(i));
    ids.prefix.insert(ids.prefix.begin(), outer.prefix.begin(), outer.prefix.end());
    ids.suffix.insert(ids.suffix.end(), outer.suffix.begin(), outer.suffix.end());
    check_number_of_ids(ids, json);
  }
  return ids;
}

}  // namespace xlt
