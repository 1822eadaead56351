// SPDX-License-Identifier: Apache-2.0
// The p-values of some rows, to be corrected for their number.
#pragma once

#include <vector>

#include "xlt/base/json_fwd.h"

namespace xlt {

class PValues {
 public:
  PValues() = default;
  // Of an array of rows; those whose p_value is null are left as they are. The rows must outlive this.
  explicit PValues(Json& rows);

  void add(Json& row);
  const std::vector<double>& values() const { return values_; }
  // Gives each row its own of `corrected` under this key.
  void write(const char* key, const std::vector<double>& corrected) const;

 private:
  std::vector<Json*> rows_;
  std::vector<double> values_;
};

}  // namespace xlt
