// SPDX-License-Identifier: Apache-2.0
// RUN/metrics.jsonl and the sums its rows are made of.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "xlt/base/json.h"

namespace xlt {

// Named sums over a number of things, in the order in which names came.
class MetricSums {
 public:
  void add(const std::string& name, double value);
  void add_weight(double weight) { weight_ += weight; }
  double weight() const { return weight_; }
  double mean(const std::string& name) const;  // sum / weight
  const std::vector<std::pair<std::string, double>>& sums() const { return sums_; }
  void clear();
  Json to_json() const;
  static MetricSums from_json(const JsonView& view);

 private:
  std::vector<std::pair<std::string, double>> sums_;
  double weight_ = 0;
};

// Rows are appended and flushed one by one; a process killed at any moment leaves at most one broken line,
// which `begin` drops.
class MetricsFile {
 public:
  explicit MetricsFile(std::filesystem::path file) : file_(std::move(file)) {}
  // Keeps the rows that a checkpoint knows of, train rows up to `step` and eval rows up to `evaluated_step`,
  // and drops what was written after it; step 0: an empty file.
  void begin(int64_t step, int64_t evaluated_step);
  void append(const Json& row);

 private:
  std::filesystem::path file_;
};

}  // namespace xlt
