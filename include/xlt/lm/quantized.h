// SPDX-License-Identifier: Apache-2.0
// A language model whose matrices are held in few bits.
#pragma once

#include <memory>
#include <string>

#include "xlt/lm/language_model.h"

namespace xlt {

// How a language model's matrices are read (checkpoint/quantized_source.h): as `quantize` says; where that is
// none, a GGUF file's stay in its blocks, on a CPU that multiplies by them: the same bits in less memory.
std::string held_as(const std::string& quantize, const Placement& where);

// As load_language_model; `quantize`, of `base` too: none | nf4 (checkpoint/quantized_source.h). Where
// matrices are in few bits, here or in the checkpoint, info().dtype says so ("float32, nf4"): what an
// evaluation's cells are known and compared by. Throws kUnsupported for an encoder-decoder that is to be
// quantised.
std::unique_ptr<LanguageModel> load_language_model(const LanguageModelOptions& options,
                                                   const std::string& quantize, const Placement& where,
                                                   const Context& context);

}  // namespace xlt
