// SPDX-License-Identifier: Apache-2.0
// BERT (Devlin et al. 2019), multilingual BERT, and sentence encoders of its shape (E5).
#include "models/encoder_family.h"
#include "models/post_norm_encoder.h"

namespace xlt {

std::unique_ptr<Encoder> make_bert(const ConfigReader& json) {
  return std::make_unique<PostNormEncoder>(read_encoder_config(json),
                                           EncoderNames{.prefix = "bert.",
                                                        .projection = "",
                                                        .head_dense = "pooler.dense",
                                                        .head_out = "classifier",
                                                        .head_dense_has_prefix = true},
                                           HeadActivation::kTanh);
}

}  // namespace xlt
