// SPDX-License-Identifier: Apache-2.0
// An encoder-decoder behind the wall: how likely a target text is given a source text. No tensor above this
// header. Natural logarithms.
//
//   auto seq2seq = load_seq2seq({.model = "models/mt5"}, placement, context);
//   auto scores = seq2seq->log_likelihood({{{.source = "a prompt", .target = "a completion"}}});
//
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "xlt/base/context.h"
#include "xlt/base/placement.h"
#include "xlt/lm/language_model.h"  // LogLikelihood

namespace xlt {

struct Seq2SeqRequest {
  std::string source, target;
};

struct Seq2SeqInfo {
  std::string model, model_type;
  int64_t num_parameters = 0;
};

// One thread.
class Seq2Seq {
 public:
  virtual ~Seq2Seq() = default;
  // Of every token of the target, its special ones (</s>) included, given the source and the target's tokens
  // before it; the mean of them is transformers' loss with `labels` = the target's tokens. num_bytes is the
  // target's. Nothing is scored (num_tokens 0) where source or target have no tokens at all. On a CPU the
  // same bits whatever stands beside a request.
  virtual std::vector<LogLikelihood> log_likelihood(std::span<const Seq2SeqRequest> requests) = 0;
  virtual const Seq2SeqInfo& info() const = 0;
};

struct Seq2SeqOptions {
  std::filesystem::path model;
  int64_t batch_tokens =
      0;  // most tokens in one forward pass, but for a longer pair; 0: chosen for the device
};
std::unique_ptr<Seq2Seq> load_seq2seq(const Seq2SeqOptions& options, const Placement& where,
                                      const Context& context);

}  // namespace xlt
