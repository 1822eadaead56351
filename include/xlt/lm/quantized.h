// SPDX-License-Identifier: Apache-2.0
// A language model whose matrices are held in few bits.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "xlt/lm/language_model.h"

namespace xlt {

// How a language model's matrices are read (checkpoint/quantized_source.h): as `quantize` says, none | stored
// | nf4. Where that is none and the values of a GGUF file are more than the memory that is free, its blocks
// stay as they are stored, if they can: the results are the same bits. Throws kUsage for stored where they
// cannot.
std::string held_as(const std::string& quantize, const std::filesystem::path& model, const Placement& where);

// Whether the matrices of this model can stay in blocks: it is a GGUF file, and the device multiplies by
// blocks in that dtype.
bool can_keep_blocks(const std::filesystem::path& model, const Placement& where);
// Throws kUsage for stored and a model that is no GGUF file. Looks at the name alone.
void check_quantize(const std::string& quantize, const std::filesystem::path& model);

// As load_language_model; `quantize`, of `base` too: as held_as() reads it. Where
// matrices are in few bits, here or in the checkpoint, info().dtype says so ("float32, nf4"): what an
// evaluation's cells are known and compared by. `devices`, all of one dtype: the layers are shared among
// several (xlt/models/device_map.h). Throws kUnsupported for an encoder-decoder that is to be quantised or on
// several devices.
std::unique_ptr<LanguageModel> load_language_model(const LanguageModelOptions& options,
                                                   const std::string& quantize,
                                                   std::span<const Placement> devices,
                                                   const Context& context);

}  // namespace xlt
