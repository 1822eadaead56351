// SPDX-License-Identifier: Apache-2.0
#include "eval/evaluation_log.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "xlt/base/error.h"
#include "xlt/base/join.h"

namespace xlt {

namespace {

constexpr double kSecondsBetweenLines = 60;

int64_t count_present(const std::vector<CellPlan>& plan) {
  return std::count_if(plan.begin(), plan.end(), [](const CellPlan& cell) { return cell.missing.empty(); });
}

// "0:45", "2:05:10"
std::string clock_text(double seconds) {
  const auto whole = static_cast<long long>(std::llround(seconds));
  char text[48];
  if (whole >= 3600)
    std::snprintf(text, sizeof text, "%lld:%02lld:%02lld", whole / 3600, whole / 60 % 60, whole % 60);
  else
    std::snprintf(text, sizeof text, "%lld:%02lld", whole / 60, whole % 60);
  return text;
}

}  // namespace

EvaluationLog::EvaluationLog(const std::vector<CellPlan>& plan, const Context& context)
    : context_(context),
      total_(count_present(plan)),
      begun_(monotonic_seconds()),
      said_(begun_),
      progress_(context.progress(kEvaluationTitle, total_, "cells")) {
  say_what_is_missing(plan);
}

void EvaluationLog::say_what_is_missing(const std::vector<CellPlan>& plan) const {
  std::string list, benchmark;
  int64_t count = 0;
  for (const CellPlan& cell : plan) {
    if (cell.missing.empty()) continue;
    ++count;
    if (cell.entry.name != benchmark) append_item(list, str_cat(cell.entry.name, ":"), "; ");
    benchmark = cell.entry.name;
    list += " " + cell.language;
  }
  if (count == 0) return;
  const bool is_all = count == std::ssize(plan);
  context_.write(is_all ? LogLevel::kWarning : LogLevel::kInfo,
                 str_cat(is_all ? "nothing is measured: " : "", "no data file for ", count, " of ",
                         plan.size(), " cells: ", list));
}

std::string EvaluationLog::standing() const {
  std::string text = str_cat(done_, " of ", total_, " cells");
  const double seconds = monotonic_seconds() - begun_;
  if (done_ == 0 || seconds <= 0) return text;
  const double rate = static_cast<double>(done_) / seconds;
  char figures[32];
  std::snprintf(figures, sizeof figures, ", %.2f cells/s", rate);
  return text + figures + ", " + clock_text(static_cast<double>(total_ - done_) / rate) + " left";
}

void EvaluationLog::begin(const CellPlan& cell) {
  if (!cell.missing.empty()) return;
  progress_.advance(0, cell.entry.name + " " + cell.language);
  context_.debug(str_cat("[", done_ + 1, "/", total_, "] ", cell.entry.name, " ", cell.language));
}

void EvaluationLog::end(const CellPlan& cell) {
  if (!cell.missing.empty()) return;
  ++done_;
  progress_.advance(1, cell.entry.name + " " + cell.language);
  const double now = monotonic_seconds();
  if (now - said_ < kSecondsBetweenLines || done_ == total_) return;
  said_ = now;
  context_.info(standing());
}

void EvaluationLog::finish(int64_t num_failed) {
  context_.info(str_cat("evaluated ", done_, " cells in ", clock_text(monotonic_seconds() - begun_),
                        num_failed > 0 ? str_cat("; ", num_failed, " failed") : std::string()));
}

}  // namespace xlt
