// SPDX-License-Identifier: Apache-2.0
// The figures of `xlt bench` as a person reads them.
#include <cstdio>
#include <string>
#include <vector>

#include "xlt/base/error.h"
#include "xlt/base/json.h"
#include "xlt/run/bench.h"

namespace xlt {

namespace {

std::string line_of(const char* format, const std::vector<std::string>& cells) {
  char line[256];
  std::snprintf(line, sizeof line, format, cells[0].c_str(), cells[1].c_str(), cells[2].c_str(),
                cells[3].c_str());
  return line;
}

std::string fixed(double value, int digits) {
  char text[32];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

}  // namespace

std::string bench_table(const Json& bench) {
  const Json& machine = bench.at("machine");
  std::string text = str_cat("this machine: copies ", fixed(machine.at("copy_gb_per_s"), 1),
                             " GB/s, multiplies ", fixed(machine.at("matmul_gflops"), 0), " GFLOP/s\n");
  if (!bench.at("matmul").empty()) {
    constexpr const char* kFormat = "%-22s %-8s %10s %s\n";
    text += "\n" + line_of(kFormat, {"rows x out x in", "library", "GFLOP/s", ""});
    for (const Json& row : bench.at("matmul"))
      text += line_of(kFormat, {str_cat(row.at("rows").get<int64_t>(), " x ", row.at("out").get<int64_t>(),
                                        " x ", row.at("in").get<int64_t>()),
                                row.at("library"), fixed(row.at("gflops"), 0),
                                row.at("chosen").get<bool>() ? "chosen" : ""});
  }
  if (!bench.at("work").empty()) {
    constexpr const char* kFormat = "%-10s %20s %20s %16s\n";
    text += "\n" + line_of(kFormat, {"work", "median", "lowest - highest", "share of limit"});
    for (const Json& row : bench.at("work"))
      text += line_of(
          kFormat,
          {row.at("work"), fixed(row.at("median"), 2) + " " + row.at("unit").get<std::string>(),
           fixed(row.at("low"), 2) + " - " + fixed(row.at("high"), 2),
           row.contains("share_of_limit") ? fixed(100 * row.at("share_of_limit").get<double>(), 0) + " %"
                                          : ""});
  }
  return text;
}

}  // namespace xlt
