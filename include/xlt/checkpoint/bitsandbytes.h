// SPDX-License-Identifier: Apache-2.0
// Matrices in 4 bits as bitsandbytes and transformers save them: a matrix "m.weight" is its codes, two to a
// byte, [⌈out · in / 2⌉, 1], and beside it
//   m.weight.absmax            the scales' codes, uint8 (without double quantisation: the scales, float32)
//   m.weight.quant_map         the 16 levels
//   m.weight.nested_absmax     the scales of the scales, and nested_quant_map their 256 levels
//   m.weight.quant_state.bitsandbytes__nf4   the bytes of a JSON object: shape, block sizes, offset
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "xlt/base/json_fwd.h"
#include "xlt/base/placement.h"  // DType
#include "xlt/checkpoint/weight_source.h"

namespace xlt {

// What is saved of a matrix, names with `name` ("m.weight") before them.
std::vector<std::pair<std::string, at::Tensor>> bitsandbytes_tensors(const std::string& name,
                                                                     const ops::Nf4Weight& weight);
// config.json's `quantization_config` of a model that is computed in `dtype`.
Json bitsandbytes_config(DType dtype);

// Whether config.json's `quantization_config` is one that is read: bitsandbytes, 4 bits.
bool is_bitsandbytes_4bit(const Json& quantization_config);
// `stored`, where a quantised matrix is one tensor and not its parts. Throws kCheckpoint: FP4, other block
// sizes, parts that are missing or do not fit.
std::unique_ptr<WeightSource> with_bitsandbytes(std::unique_ptr<WeightSource> stored);

}  // namespace xlt
