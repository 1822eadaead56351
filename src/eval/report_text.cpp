// SPDX-License-Identifier: Apache-2.0
#include "eval/report_text.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "xlt/base/json.h"

namespace xlt {

namespace {

// "+0.000" would hide which side of 0 a small change is on: below a thousandth, two digits that count.
int decimals_of(double value) {
  constexpr int kUsual = 3, kMost = 6;
  const double size = std::abs(value);
  if (size >= 10) return 1;
  if (size >= 1e-3 || size < 1e-6) return kUsual;
  return std::min(kMost, 1 - static_cast<int>(std::floor(std::log10(size))));
}

std::string formatted(double value, bool with_sign) {
  char text[64];
  const double shown = std::abs(value) < 1e-6 ? 0 : value;  // never "-0.000"
  std::snprintf(text, sizeof text, with_sign ? "%+.*f" : "%.*f", decimals_of(value), shown);
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
