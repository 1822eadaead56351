// SPDX-License-Identifier: Apache-2.0
// XLM-RoBERTa (Conneau et al. 2020): RoBERTa on a hundred languages.
#include "models/encoder_family.h"

namespace xlt {

std::unique_ptr<Encoder> make_xlm_roberta(const ConfigReader& json) { return make_roberta(json); }

}  // namespace xlt
