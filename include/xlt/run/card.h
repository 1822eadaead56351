// SPDX-License-Identifier: Apache-2.0
// `xlt card`: a scorer and labelled texts in, its card out.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "xlt/base/config.h"
#include "xlt/base/context.h"
#include "xlt/base/json_fwd.h"
#include "xlt/base/placement.h"

namespace xlt {

struct CardRunOptions {
  std::string scorer, output, benign, toxic_words, language = "und";
  std::vector<std::string> data, seen;
  double scorer_timeout = 600;  // seconds
  double scorer_rate = 0;       // requests a second to a server; 0: as fast as it answers
  int64_t scorer_retries = 6;   // of one request to a server
  std::string scorer_key;       // not visited: a secret, of the environment
  void visit(OptionVisitor& v);
};

// Reads the rows before the scorer is made, and writes options.output whole or not at all. What is scored
// until then is kept in the folder OUTPUT.scores, from which the same command goes on. Returns the card.
// Throws as read_labelled_texts and make_scorer.
Json run_card(const CardRunOptions& options, const Placement& where, const Context& context);

}  // namespace xlt
