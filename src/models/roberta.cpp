// SPDX-License-Identifier: Apache-2.0
// RoBERTa (Liu et al. 2019): BERT's encoder whose positions are counted from behind the padding token's
// number, with a classification head of its own.
#include "models/encoder_family.h"
#include "models/post_norm_encoder.h"

#include "xlt/nn/token_batch.h"

namespace xlt {

namespace {

class RobertaEncoder : public PostNormEncoder {
 public:
  RobertaEncoder(const EncoderConfig& config, int64_t pad_token_id)
      : PostNormEncoder(config,
                        {.prefix = "roberta.",
                         .projection = "",
                         .head_dense = "classifier.dense",
                         .head_out = "classifier.out_proj"},
                        HeadActivation::kTanh),
        pad_token_id_(pad_token_id) {}

 protected:
  // A text that spells the padding token gets the table's row for it there, which is not counted.
  std::vector<int64_t> position_rows(const TokenBatch& batch) const override {
    std::vector<int64_t> rows;
    for (const Segment& segment : batch.segments()) {
      int64_t row = pad_token_id_;
      for (int64_t i = segment.begin; i < segment.begin + segment.length; ++i)
        rows.push_back(batch.input_ids()[i] == pad_token_id_ ? pad_token_id_ : ++row);
    }
    return rows;
  }

 private:
  int64_t pad_token_id_;
};

}  // namespace

std::unique_ptr<Encoder> make_roberta(const ConfigReader& json) {
  EncoderConfig config = read_encoder_config(json);
  const int64_t pad_token_id = json.has("pad_token_id") ? json.at("pad_token_id").as_int() : 1;
  config.max_position_embeddings = config.num_positions - pad_token_id - 1;
  if (pad_token_id < 0 || config.max_position_embeddings < 2)
    json.fail("pad_token_id", str_cat("is ", pad_token_id, "; positions count from behind it, and there are ",
                                      config.num_positions));
  return std::make_unique<RobertaEncoder>(config, pad_token_id);
}

}  // namespace xlt
