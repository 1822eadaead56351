// SPDX-License-Identifier: Apache-2.0
#include "xlt/lm/borrowed_language_model.h"

#include "lm/decoder_lm.h"

#include <ATen/core/Tensor.h>

#include "xlt/checkpoint/model_source.h"
#include "xlt/models/decoder.h"

namespace xlt {

namespace {

constexpr int64_t kBatchTokens = 512;  // a few samples; memory is the training's

}  // namespace

std::unique_ptr<LanguageModel> borrow_language_model(Decoder& decoder, const Tokenizer& tokenizer,
                                                     const std::filesystem::path& model,
                                                     const Context& context) {
  LanguageModelInfo info;
  info.model = model.string();
  info.model_type = decoder.config().model_type;
  info.dtype = name_of(decoder.placement().dtype);
  info.device = name_of(decoder.placement());
  info.num_parameters = decoder.num_parameters();
  info.max_length = decoder.config().max_position_embeddings;
  info.adds_bos = !tokenizer.prefix_ids().empty();
  const auto stop_ids = model.empty() ? std::vector<int64_t>{} : open_model_source(model)->stop_token_ids();
  // Pointers that own nothing.
  return std::make_unique<DecoderLm>(std::shared_ptr<Decoder>(std::shared_ptr<void>(), &decoder),
                                     std::shared_ptr<const Tokenizer>(std::shared_ptr<void>(), &tokenizer),
                                     stop_ids, std::move(info), kBatchTokens, context);
}

}  // namespace xlt
