// SPDX-License-Identifier: Apache-2.0
#include "train/metrics.h"

#include <algorithm>
#include <fstream>

#include "xlt/base/error.h"
#include "xlt/base/file.h"

namespace xlt {

void MetricSums::add(const std::string& name, double value) {
  const auto found =
      std::find_if(sums_.begin(), sums_.end(), [&](const auto& sum) { return sum.first == name; });
  if (found == sums_.end())
    sums_.emplace_back(name, value);
  else
    found->second += value;
}

double MetricSums::mean(const std::string& name) const {
  for (const auto& [key, sum] : sums_)
    if (key == name) return sum / std::max(weight_, 1.0);
  throw Error(ErrorKind::kInternal, "no metric \"" + name + "\"");
}

void MetricSums::clear() { *this = MetricSums(); }

Json MetricSums::to_json() const {
  Json sums = Json::object();
  for (const auto& [name, sum] : sums_) sums[name] = sum;
  return {{"weight", weight_}, {"sums", sums}};
}

MetricSums MetricSums::from_json(const JsonView& view) {
  MetricSums metrics;
  metrics.weight_ = view.at("weight").as_double();
  const JsonView sums = view.at("sums");
  for (const std::string& name : sums.keys()) metrics.add(name, sums.at(name).as_double());
  return metrics;
}

void MetricsFile::begin(int64_t step, int64_t evaluated_step) {
  std::string kept;
  if (step > 0 && fs::exists(file_)) {
    std::ifstream stream(file_);
    for (std::string line; std::getline(stream, line);) {
      const Json row = Json::parse(line, nullptr, /*allow_exceptions=*/false);
      if (!row.is_object()) continue;
      const int64_t last = row.value("split", "") == "eval" ? evaluated_step : step;
      if (row.value("step", last + 1) <= last) kept += line + "\n";
    }
  }
  write_file(file_, kept);
}

void MetricsFile::append(const Json& row) {
  std::ofstream stream(file_, std::ios::app);
  stream << dump_json(row) << '\n';
  stream.flush();
  if (!stream) throw Error(ErrorKind::kIo, "cannot be written", file_.string());
}

}  // namespace xlt
