// SPDX-License-Identifier: Apache-2.0
#include "eval/report_text.h"

#include <cmath>
#include <cstdio>

#include "xlt/base/json.h"

namespace xlt {

namespace {

std::string formatted(double value, bool with_sign) {
  char text[64];
  if (std::abs(value) >= 10) {
    std::snprintf(text, sizeof text, with_sign ? "%+.1f" : "%.1f", value);
  } else {
    std::snprintf(text, sizeof text, with_sign ? "%+.3f" : "%.3f", value);
  }
  return text;
}

}  // namespace

std::string number_text(const Json& value) {
  return value.is_number() ? formatted(value.get<double>(), false) : "–";
}

std::string signed_text(double value) { return formatted(value, true); }

std::string interval_text(const Json& interval, bool is_change) {
  if (!interval.is_array()) return "";
  const double low = interval[0].get<double>(), high = interval[1].get<double>();
  return is_change ? " (" + signed_text(low) + ", " + signed_text(high) + ")"
                   : " [" + formatted(low, false) + ", " + formatted(high, false) + "]";
}

std::string scoring_shown(const Json& report) {
  for (const Json& cell : report.at("cells"))
    if (cell.at("scoring") == "corrected") return "corrected";
  return "paper";
}

}  // namespace xlt
