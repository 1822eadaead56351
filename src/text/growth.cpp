// SPDX-License-Identifier: Apache-2.0
#include "text/growth.h"

#include "xlt/base/error.h"

namespace xlt {

void check_growth(size_t bytes, size_t limit) {
  if (bytes <= limit) return;
  throw Error(ErrorKind::kCheckpoint, str_cat("the tokenizer makes a text more than ", limit,
                                              " bytes long, 64 times what it was; no real tokenizer does: "
                                              "tokenizer.json is damaged or was made to do harm"));
}

void check_number_of_parts(size_t count, const std::string& place) {
  constexpr size_t kMost = 1000;
  if (count > kMost)
    throw Error(ErrorKind::kCheckpoint, str_cat("a sequence of ", count, " parts; at most ", kMost), place);
}

}  // namespace xlt
