// SPDX-License-Identifier: Apache-2.0
#include "cli/estimate_line.h"

#include <cmath>
#include <cstdio>

namespace xlt::cli {
namespace {

// A number and its unit, with two digits where it is small: an estimate has no more.
std::string rounded(double value, const char* unit) {
  char text[64];
  std::snprintf(text, sizeof text, value < 10 ? "%.1f %s" : "%.0f %s", value, unit);
  return text;
}

std::string time_text(double seconds) {
  if (seconds < 60) return rounded(std::ceil(seconds), "s");
  if (seconds < 5400) return rounded(seconds / 60, "min");
  return seconds < 172800 ? rounded(seconds / 3600, "h") : rounded(seconds / 86400, "days");
}

std::string size_text(double bytes) {
  return bytes < 1e9 ? rounded(bytes / 1e6, "MB") : rounded(bytes / 1e9, "GB");
}

bool is_known(const Json& totals, const char* key) {
  return totals.contains(key) && totals.at(key).is_number();
}

}  // namespace

std::string estimate_line(const Json& totals) {
  std::string line = "about " + time_text(totals.at("seconds").get<double>());
  if (is_known(totals, "seconds_unknown"))
    line += " and what " + std::to_string(totals.at("seconds_unknown").get<int64_t>()) +
            " cells take that cannot be estimated";
  if (is_known(totals, "memory_bytes"))
    line += ", at most " + size_text(totals.at("memory_bytes").get<double>()) + " of memory";
  if (is_known(totals, "disk_bytes"))
    line += ", " + size_text(totals.at("disk_bytes").get<double>()) + " of disk";
  return line;
}

}  // namespace xlt::cli
