// SPDX-License-Identifier: Apache-2.0
// A language model whose matrices are held in few bits.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "xlt/lm/language_model.h"

namespace xlt {

// How a language model's matrices are read (checkpoint/quantized_source.h): as `quantize` says, none | stored
// | nf4. Where that is none and the values of a GGUF file are more than the memory that is free, its blocks
// stay as they are stored; where this device does not multiply by blocks, stored is none. Either gives the
// same bits.
std::string held_as(const std::string& quantize, const std::filesystem::path& model, const Placement& where);

// As load_language_model; `quantize`, of `base` too: as held_as() reads it. Where
// matrices are in few bits, here or in the checkpoint, info().dtype says so ("float32, nf4"): what an
// evaluation's cells are known and compared by. Throws kUnsupported for an encoder-decoder that is to be
// quantised.
std::unique_ptr<LanguageModel> load_language_model(const LanguageModelOptions& options,
                                                   const std::string& quantize, const Placement& where,
                                                   const Context& context);

}  // namespace xlt
