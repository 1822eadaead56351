// SPDX-License-Identifier: Apache-2.0
// A model on disk, read in other bits than it is stored in: whoever loads it notices nothing.
//
//   auto source = quantized(open_model_source("models/llama"), "nf4");
//   auto decoder = load_decoder(*source, placement, context);       // its matrices are in NF4
//
#pragma once

#include <memory>
#include <string>

#include "xlt/checkpoint/model_source.h"

namespace xlt {

// `quantize`: nf4: matrices of linear layers are held in NF4 with double quantisation, made of the stored
// ones a tensor at a time on the CPU, as bitsandbytes makes them there; none: as they are stored,
// bitsandbytes' in NF4 too; stored: as none, and a GGUF file's matrices in its blocks (ops/matmul/gguf.h)
// instead of the float32 that these stand for; dense: none in NF4, and the config says nothing of
// quantisation. Throws kUsage for another word.
std::unique_ptr<ModelSource> quantized(std::unique_ptr<ModelSource> source, const std::string& quantize);

}  // namespace xlt
