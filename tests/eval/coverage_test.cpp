// SPDX-License-Identifier: Apache-2.0
// Intervals hold what they say: simulated samples of a known value, and how often its 95 % interval covers
// it. Fast with fixed seeds; XLT_COVERAGE_TABLE=FILE [XLT_COVERAGE_SAMPLES=2000] simulates more and writes a
// table.
#include "eval/metric_interval.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>

#include <gtest/gtest.h>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/eval/paired_items.h"

namespace xlt {
namespace {

const MetricSpec kShare = ratio_metric("share", "r", false);

double gamma_of(double shape, Rng& rng) {  // Marsaglia & Tsang 2000
  if (shape < 1) return gamma_of(shape + 1, rng) * std::pow(1 - rng.uniform(), 1 / shape);
  const double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  while (true) {
    const double x = rng.normal(), v = std::pow(1 + c * x, 3);
    if (v > 0 && std::log(1 - rng.uniform()) < 0.5 * x * x + d - d * v + d * std::log(v)) return d * v;
  }
}

// An item's own chance, about `share`; `likeness` is the correlation of samples of one item.
double chance(double share, double likeness, Rng& rng) {
  if (likeness == 0) return share;
  const double both = 1 / likeness - 1, a = gamma_of(share * both, rng),
               b = gamma_of((1 - share) * both, rng);
  return a / (a + b);
}

double successes(int64_t trials, double chance, Rng& rng) {
  double count = 0;
  for (int64_t i = 0; i < trials; ++i) count += rng.uniform() < chance;
  return count;
}

void add(RatioTable& table, double numerator, double denominator) {
  table.ids.push_back(std::to_string(table.ids.size()));
  table.cells.push_back({numerator, denominator});
}

struct Sample {
  std::optional<Interval> interval;
  double truth;
};
using Simulation = std::function<Sample(double share, int64_t items, int64_t draws, Rng rng)>;

// Items that are 0 or 1.
Sample share_of_items(double share, int64_t items, int64_t draws, Rng rng) {
  RatioTable table;
  for (int64_t i = 0; i < items; ++i) add(table, successes(1, share, rng), 1);
  return {metric_interval(kShare, table, draws, rng.fork("draws")), share};
}

// Σ numerator / Σ denominator: one to twenty-five completions an item, alike within it.
Sample ratio_of_sums(double share, int64_t items, int64_t draws, Rng rng) {
  RatioTable table;
  for (int64_t i = 0; i < items; ++i) {
    const int64_t completions = 1 + rng.below(25);
    add(table, successes(completions, chance(share, 0.3, rng), rng), static_cast<double>(completions));
  }
  return {metric_interval(kShare, table, draws, rng.fork("draws")), share};
}

Sample change_of(const RatioTable& before, const RatioTable& after, double truth, int64_t draws, Rng rng) {
  const PairedItems items = pair_items({{before}}, {{after}});
  return {estimate_change(kShare, {{items}}, draws, rng.fork("draws")).ci95, truth};
}

// Items 0 or 1 from a share of one half to `share`: changes of -1, 0 and 1.
Sample change_from_one_half(double share, int64_t items, int64_t draws, Rng rng) {
  RatioTable before, after;
  for (int64_t i = 0; i < items; ++i) {
    add(before, successes(1, 0.5, rng), 1);
    add(after, successes(1, share, rng), 1);
  }
  return change_of(before, after, share - 0.5, draws, rng);
}

// Items 0 or 1 from half of `share` to `share`: few of them change where it is small.
Sample change_from_half_the_share(double share, int64_t items, int64_t draws, Rng rng) {
  RatioTable before, after;
  for (int64_t i = 0; i < items; ++i) {
    add(before, successes(1, share / 2, rng), 1);
    add(after, successes(1, share, rng), 1);
  }
  return change_of(before, after, share / 2, draws, rng);
}

// Ten completions an item before and after, whose own chance is halved.
Sample change_of_ratios(double share, int64_t items, int64_t draws, Rng rng) {
  RatioTable before, after;
  for (int64_t i = 0; i < items; ++i) {
    const double own = chance(share, 0.3, rng);
    add(before, successes(10, own, rng), 10);
    add(after, successes(10, own / 2, rng), 10);
  }
  return change_of(before, after, -share / 2, draws, rng);
}

struct Design {
  const char* name;
  Simulation simulate;
  bool is_sparse;  // with small shares less than five items are expected to change
};
const Design kDesigns[] = {
    {"share, items 0 or 1", share_of_items, false},
    {"ratio, 1 to 25 completions an item", ratio_of_sums, false},
    {"change, items 0 or 1, from ½ to p", change_from_one_half, false},
    {"change, items 0 or 1, from p/2 to p", change_from_half_the_share, true},
    {"change of ratios, 10 completions an item, from p to p/2", change_of_ratios, true}};
constexpr double kShares[] = {0.02, 0.05, 0.5, 0.95};
constexpr int64_t kItems[] = {20, 50, 150};

double coverage(const Design& design, double share, int64_t items, int64_t samples, int64_t draws) {
  int64_t covered = 0;
  const Rng rng = Rng(2026).fork(design.name).fork(str_cat(share, "/", items));
  for (int64_t sample = 0; sample < samples; ++sample) {
    const Sample one = design.simulate(share, items, draws, rng.fork(sample));
    covered += one.interval && one.interval->low <= one.truth && one.truth <= one.interval->high;
  }
  return static_cast<double>(covered) / static_cast<double>(samples);
}

// 300 samples a cell have a standard error of 1.3 points: 92 … 99 % less two of them; a design's mean over
// its cells is known to half a point. Where fewer than five items are expected to change, any honest interval
// covers more than 99 %: with none or one that moved, no change is always among what is likely.
TEST(Intervals, F6CoverWhatTheySay) {
  for (const Design& design : kDesigns) {
    double sum = 0;
    for (double share : kShares)
      for (int64_t items : {20, 50}) {
        const double covered = coverage(design, share, items, 300, 200);
        sum += covered / 8;
        EXPECT_GE(covered, 0.92 - 0.026) << design.name << " " << share << " " << items;
        if (design.is_sparse && share * static_cast<double>(items) < 5) continue;
        EXPECT_LE(covered, 0.999) << design.name << " " << share << " " << items;
      }
    if (!design.is_sparse) {
      EXPECT_NEAR(sum, 0.955, 0.02) << design.name;
    }
  }
}

// Of 150 items with 100 samples, for time: both bounds give way by two standard errors of so many, 4.4 points
// a cell; a design's mean over its four cells by two of theirs, 2.2 points, where 300 samples of eight cells
// have 0.9 of the 2 above.
TEST(Intervals, F6CoverWhatTheySayOf150Items) {
  constexpr int64_t kSamples = 100;
  const double error = std::sqrt(0.95 * 0.05 / kSamples);
  for (const Design& design : kDesigns) {
    double sum = 0;
    for (double share : kShares) {
      const double covered = coverage(design, share, 150, kSamples, 200);
      sum += covered / std::size(kShares);
      EXPECT_GE(covered, 0.92 - 2 * error) << design.name << " " << share;
    }
    EXPECT_NEAR(sum, 0.955, 0.011 + error) << design.name;
  }
}

TEST(Intervals, WriteTheirTable) {
  const char* file = std::getenv("XLT_COVERAGE_TABLE");
  if (!file) GTEST_SKIP() << "no XLT_COVERAGE_TABLE to write to";
  const char* given = std::getenv("XLT_COVERAGE_SAMPLES");
  const int64_t samples = given ? std::atoll(given) : 2000;
  std::string text = "| what | n |";
  for (double share : kShares) text += str_cat(" p = ", share, " |");
  text += "\n|---|---:|---:|---:|---:|---:|\n";
  for (const Design& design : kDesigns)
    for (int64_t items : kItems) {
      text += str_cat("| ", design.name, " | ", items, " |");
      for (double share : kShares) {
        char percent[16];
        std::snprintf(percent, sizeof percent, " %.1f |",
                      100 * coverage(design, share, items, samples, 1000));
        text += percent;
      }
      text += "\n";
    }
  write_file(file, text);
}

}  // namespace
}  // namespace xlt
