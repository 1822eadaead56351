// SPDX-License-Identifier: Apache-2.0
// A model family: how its config is read and how its decoder is put together. One file and one row of
// families.def each.
#pragma once

#include <memory>
#include <string>

#include "xlt/base/json_fwd.h"
#include "xlt/base/registry.h"
#include "xlt/models/decoder.h"

namespace xlt {

class ModelFamily {
 public:
  virtual ~ModelFamily() = default;
  // Reads and checks what is particular to the family. Throws kCheckpoint.
  virtual ModelConfig parse(const Json& json, const std::string& where) const = 0;
  // All weights as shapes only (meta tensors); loading or initialising fills them.
  virtual std::unique_ptr<Decoder> make(ModelConfig config) const = 0;
};

// The row's name is config.json's `model_type`.
#define X(name) std::unique_ptr<ModelFamily> make_##name##_family();
#include "models/families.def"
#undef X

std::span<const Entry<ModelFamily>> families();

}  // namespace xlt
