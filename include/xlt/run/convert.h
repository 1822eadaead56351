// SPDX-License-Identifier: Apache-2.0
// A model in any form that is read → a Hugging Face folder.
#pragma once

#include <string>

#include "xlt/base/config.h"
#include "xlt/base/context.h"
#include "xlt/base/json_fwd.h"
#include "xlt/base/placement.h"

namespace xlt {

struct ConvertOptions {
  std::string model, output;
  void visit(OptionVisitor& v);
};

// Writes `output` (config.json, safetensors, tokenizer, generation defaults, convert.json) all at once, and
// returns what convert.json holds. Weights are in `dtype`. Throws kCheckpoint where the weights do not fit
// the config, listing every tensor that does not; kUsage if `output` holds anything but an earlier
// conversion.
Json convert_model(const ConvertOptions& options, DType dtype, const Context& context);

}  // namespace xlt
