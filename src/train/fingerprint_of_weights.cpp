// SPDX-License-Identifier: Apache-2.0
#include "train/fingerprint.h"

#include "xlt/base/error.h"
#include "xlt/models/decoder.h"
#include "xlt/nn/linear.h"
#include "xlt/train/trainer.h"

namespace xlt {

std::string fingerprint_of_weights(Decoder& decoder, const Context& context) {
  std::string text;
  for (const NamedParameter& parameter : decoder.parameters()) {
    context.throw_if_interrupted();
    text += str_cat(parameter.name, ' ', to_hex(fingerprint(*parameter.tensor)), '\n');
  }
  for (const NamedLinear& named : decoder.linears()) {
    context.throw_if_interrupted();
    if (named.linear->is_quantized())
      text += str_cat(named.name, " quantised ", to_hex(fingerprint(named.linear->dense_weight(at::kFloat))),
                      '\n');
  }
  return to_hex(hash128(text));
}

}  // namespace xlt
