// SPDX-License-Identifier: Apache-2.0
// `xlt probe`: labelled texts in, a scorer folder out.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "xlt/base/config.h"
#include "xlt/base/context.h"
#include "xlt/base/json_fwd.h"
#include "xlt/base/placement.h"
#include "xlt/lm/sentence_encoder.h"

namespace xlt {

struct ProbeOptions {
  std::string model, output;
  std::vector<std::string> data;
  std::string layer = "auto", language = "und";
  double held_out = 0.2;
  int64_t batch_tokens = 0;
  uint64_t seed = 0;  // not visited: the global --seed
  void visit(OptionVisitor& v);
};

// Where the base model comes from; called once the rows have been read and checked.
struct ProbeBase {
  std::function<std::unique_ptr<SentenceEncoder>()> load;
  std::function<std::string()> hash;  // of the model, by content
};

// Trains on mean hidden states, computed once for every layer that is looked at, and writes `options.output`
// (save_probe). Layer and penalty are those with the smallest log loss on rows held out: of every language
// and class a share of the texts, drawn by the seed and the text; a text that stands there twice is on one
// side. The temperature is fitted on the same rows. Returns the record, probe.json. On a CPU the same bytes
// for any batch_tokens and number of threads. `record`: config, code, environment. Throws kData for an empty
// text, for rows of one class alone, and for too few of a class to hold any out.
Json train_probe(const ProbeOptions& options, const ProbeBase& base, Json record, const Context& context);
ProbeBase probe_base(const ProbeOptions& options, const Placement& where, const Context& context);
// What was chosen and how good it is, for people.
std::string probe_summary(const Json& record);

}  // namespace xlt
