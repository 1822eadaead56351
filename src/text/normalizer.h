// SPDX-License-Identifier: Apache-2.0
// `normalizer` of tokenizer.json: text → text. One file in normalizers/ and one row in normalizers.def each.
#pragma once

#include <functional>
#include <string>

#include "xlt/base/json.h"

namespace xlt {

// Takes UTF-8, gives UTF-8. What it adds is bounded by a small factor, or by `limit` bytes in all, beyond
// which it throws (check_growth).
using NormalizerStep = std::function<std::string(std::string text, size_t limit)>;

class Normalizer {
 public:
  Normalizer() = default;  // the identity
  explicit Normalizer(NormalizerStep step) : step_(std::move(step)) {}
  // Throws kCheckpoint where the text would grow beyond all reason (growth.h).
  std::string operator()(std::string text) const;

 private:
  NormalizerStep step_;
};

// null: the identity. Throws kCheckpoint for types that are not in the table.
Normalizer make_normalizer(const JsonView& owner, const char* key);
NormalizerStep make_normalizer_step(const JsonView& json);

#define X(name, type) NormalizerStep make_##name##_normalizer(const JsonView& json);
#include "text/normalizers.def"
#undef X

}  // namespace xlt
