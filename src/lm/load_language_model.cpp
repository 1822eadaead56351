// SPDX-License-Identifier: Apache-2.0
#include "lm/decoder_lm.h"
#include "lm/seq2seq_language_model.h"
#include "lm/text_batches.h"

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>

#include "xlt/base/error.h"
#include "xlt/checkpoint/quantized_source.h"
#include "xlt/lm/quantized.h"
#include "xlt/models/encoder_decoder.h"
#include "xlt/nn/linear.h"
#include "xlt/ops/matmul/linear.h"
#include "xlt/ops/scalar_type.h"

namespace xlt {

std::unique_ptr<LanguageModel> load_language_model(const LanguageModelOptions& options,
                                                   const Placement& where, const Context& context) {
  return load_language_model(options, "none", std::span(&where, 1), context);
}

std::unique_ptr<LanguageModel> load_language_model(const LanguageModelOptions& options,
                                                   const std::string& quantize,
                                                   std::span<const Placement> devices,
                                                   const Context& context) {
  const Placement& where = devices.front();
  const std::string held = held_as(quantize, options.model, where);
  const auto source = quantized(open_model_source(options.model), held);
  if (is_encoder_decoder(*source)) {
    if (quantize != "none")
      throw Error(ErrorKind::kUnsupported, "an encoder-decoder is not quantised; leave it out",
                  "--quantize " + quantize);
    if (devices.size() > 1)
      throw Error(ErrorKind::kUnsupported, "an encoder-decoder is on one device; leave it out",
                  "--device-map " + name_of(devices));
    return load_seq2seq_language_model(options, where, context);
  }
  auto tokenizer = load_tokenizer(options.model, context);
  auto decoder = load_decoder(*source, devices, context);
  if (!options.adapter.empty()) load_lora(*decoder, options.adapter);
  LanguageModelInfo info;
  info.model = options.model.string();
  info.adapter = options.adapter.string();
  info.model_type = decoder->config().model_type;
  info.dtype = name_of(where.dtype);
  info.device = name_of(devices);
  info.matmul = ops::matmul_library(at::empty({1, 1}, tensor_options(where)), decoder->head_weight());
  info.num_parameters = decoder->num_parameters();
  info.max_length = decoder->config().max_position_embeddings;
  bool has_few_bits = false;
  for (const NamedLinear& named : decoder->linears())
    if (named.linear->is_quantized()) has_few_bits = true;
  if (has_few_bits) info.dtype += ", nf4";
  info.adds_bos = !tokenizer->prefix_ids().empty();
  const int64_t batch_tokens = batch_tokens_or_default(options.batch_tokens, where);
  const Padding padding = read_padding(options.model, *tokenizer);
  auto lm = std::make_unique<DecoderLm>(std::move(decoder), std::move(tokenizer), source->stop_token_ids(),
                                        std::move(info), batch_tokens, context);
  lm->set_padding(padding);
  if (!options.base.empty())
    lm->set_base(load_decoder(*quantized(open_model_source(options.base), held), devices, context),
                 options.base.string());
  return lm;
}

}  // namespace xlt
