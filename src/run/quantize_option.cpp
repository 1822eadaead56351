// SPDX-License-Identifier: Apache-2.0
#include "xlt/run/quantize_option.h"

#include "xlt/nn/linear_weight.h"  // quantizations

namespace xlt {

void visit_quantize(OptionVisitor& v, std::string& quantize) {
  std::vector<std::string> names = names_of(quantizations());
  names.insert(names.begin(), "none");
  v.field(
      "quantize", quantize,
      "hold the weights of all linear layers but the head in few bits: nf4: as bitsandbytes makes them, with "
      "double quantisation; none: as they are stored",
      one_of(names));
}

}  // namespace xlt
