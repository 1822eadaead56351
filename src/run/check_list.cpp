// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <filesystem>

#include "xlt/base/error.h"
#include "xlt/run/checks.h"

namespace xlt {

void Checks::add(const std::string& what, const std::function<std::string()>& look) {
  try {
    results_.push_back({what, look(), true});
  } catch (const Error& error) {
    results_.push_back({what, error.what(), false});
  } catch (const std::filesystem::filesystem_error& error) {  // cannot even be looked at
    results_.push_back({what, error.path1().string() + ": " + error.code().message(), false});
  }
}

bool Checks::all_ok() const {
  return std::all_of(results_.begin(), results_.end(), [](const Check& check) { return check.ok; });
}

}  // namespace xlt
