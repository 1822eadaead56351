// SPDX-License-Identifier: Apache-2.0
// Weights on disk → a model's parts.
#pragma once

#include <optional>
#include <string>

#include "xlt/base/context.h"
#include "xlt/base/placement.h"
#include "xlt/checkpoint/weight_source.h"
#include "xlt/models/weighted_model.h"

namespace xlt {

// The name under which `source` holds a model's tensor: the same, or with a wrapper's prefix
// ("language_model.model.…", as multimodal folders do), or without the decoder's own ("model.",
// "transformer."), as folders do that hold a model without its head; `name` itself where it holds none.
std::string stored_name(const WeightSource& source, const std::string& name);

// A model's own name of what a wrapper calls `name` ("model.language_model.layers.0…", before transformers 5
// "language_model.model.layers.0…"); nothing where that is no wrapper's name.
std::optional<std::string> name_in_wrapped(const std::string& name);

// Throws kCheckpoint where tensors and model do not fit: one error that lists every tensor that is missing,
// has another shape, or has no place in the model. Reads no data. Tensors of a wrapper's other parts are
// passed over, and said so.
void check_weights(WeightedModel& model, const WeightSource& source, const Context& context);

// Whether `source` has the parameter's matrix as [in, out]: bitsandbytes' are [out, in] in every family.
bool lies_transposed(const NamedParameter& parameter, const WeightSource& source, const std::string& name);

// What a tensor of this shape, stored in `dtype`, takes up once loaded: matrices may stay as they are stored.
int64_t bytes_in_memory(const at::Tensor& shape, const std::string& dtype, const Placement& where);

// Checks, then fills every parameter where the model says it is (placement_of), in that dtype (but see
// load_decoder about matrices in half precision). Weights of linear layers that `source` holds in NF4 stay in
// it. Throws kCheckpoint also where a tensor is not of a floating-point dtype.
void load_weights(WeightedModel& model, const WeightSource& source, const Context& context);

}  // namespace xlt
