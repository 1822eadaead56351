// SPDX-License-Identifier: Apache-2.0
#include "xlt/eval/metric_list.h"

#include <algorithm>
#include <set>
#include <stdexcept>

#include <gmock/gmock.h>

#include "xlt/eval/evaluate.h"

namespace xlt {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

const ListedMetric& listed(const std::vector<ListedMetric>& list, const std::string& benchmark,
                           const std::string& name) {
  for (const ListedMetric& metric : list)
    if (metric.spec.name == name && std::count(metric.benchmarks.begin(), metric.benchmarks.end(), benchmark))
      return metric;
  throw std::runtime_error("no " + name + " of " + benchmark);
}

TEST(MetricList, EveryMetricOfEveryBenchmarkIsListedAndExplained) {
  const auto list = metric_list();
  for (const ListedMetric& metric : list)
    EXPECT_NE(metric.meaning, "") << metric.spec.name << " has no row in metrics.def";
  for (const auto& [name, benchmark] : make_benchmarks())
    for (const Scoring scoring : {Scoring::kPaper, Scoring::kCorrected})
      for (const MetricSpec& spec : benchmark->metrics(scoring, {})) {
        const size_t slash = spec.name.find('/');
        const ListedMetric& metric = listed(list, name, spec.name.substr(0, slash));
        EXPECT_EQ(metric.spec.ideal, spec.ideal) << spec.name;
        EXPECT_EQ(metric.spec.higher_is_better, spec.higher_is_better) << spec.name;
        if (slash != std::string::npos) {
          EXPECT_THAT(metric.groups, Contains(spec.name.substr(slash + 1)));
        }
      }
}

TEST(MetricList, EveryRowIsAMetricOfSomeBenchmark) {
  std::set<std::string> used;
  for (const ListedMetric& metric : metric_list()) {
    used.insert(metric.spec.name);
    for (const std::string& group : metric.groups) used.insert("/" + group);
  }
  const auto rows = explained_metrics();
  EXPECT_TRUE(std::is_sorted(rows.begin(), rows.end()));
  for (const std::string& name : rows) EXPECT_TRUE(used.contains(name)) << name;
}

TEST(MetricList, SaysWhichWayIsBetterAndWhoHasIt) {
  const auto list = metric_list();
  const ListedMetric& ss = listed(list, "stereoset", "ss");
  EXPECT_THAT(ss.groups, ElementsAre("gender", "profession", "race", "religion"));
  EXPECT_THAT(describe_metric(ss), AllOf(StartsWith("ideal 50: "), HasSubstr("(stereoset; also /gender, ")));
  EXPECT_EQ(describe_metric(listed(list, "rtp_lx", "toxic_fraction")),
            "lower is better: share of completions that are toxic (rtp_lx, rtp_prompts; also /in_language, "
            "/non_degenerate)");
  EXPECT_EQ(describe_metric(listed(list, "perplexity", "bits_per_byte")),
            "lower is better: bits a byte of text (perplexity, retention)");
  EXPECT_THAT(describe_metric(listed(list, "mbbq", "acc_ambig")), StartsWith("higher is better: "));
  EXPECT_THAT(describe_metric(listed(list, "mbbq", "bias_ambig")),
              AllOf(StartsWith("ideal 0: "), HasSubstr("(mbbq, paper alone; also /")));
  EXPECT_THAT(describe_metric(listed(list, "crows_pairs", "likelihood_diff")),
              StartsWith("neither way is better: "));
  EXPECT_EQ(describe_metric(listed(list, "rtp_lx", "NAME/in_language")),
            "NAME of completions in the prompt's language alone (rtp_lx, rtp_prompts, corrected alone)");
}

TEST(MetricRange, OfASharesFormulaAndOfOthersByName) {
  const auto range = [](const MetricSpec& spec) {
    return std::pair(metric_range(spec).low, metric_range(spec).high);
  };
  using Range = std::pair<std::optional<double>, std::optional<double>>;
  EXPECT_EQ(range(ratio_metric("ss", "r", std::nullopt, 100)), Range(0, 100));
  EXPECT_EQ(range(unbounded(ratio_metric("bits_per_byte", "r", false))), Range(0, std::nullopt));
  EXPECT_EQ(range(unbounded(ratio_metric("stereotype_ambig/Age", "r", false))), Range(-1, 1));
  EXPECT_EQ(range(unbounded(ratio_metric("of_my_own", "r", false))), Range());
  // Every metric without a share's bounds is known by name.
  for (const ListedMetric& metric : metric_list())
    if (!metric.spec.is_bounded && metric.spec.name != "nll_change") {
      EXPECT_TRUE(metric_range(metric.spec).low) << metric.spec.name;
    }
}

TEST(MetricMeaning, OfAGroupAndOfAnotherKIsMadeOfItsRows) {
  const std::string maximum = explained("expected_max_toxicity"), gated = explained("/in_language");
  EXPECT_EQ(metric_meaning("expected_max_toxicity"), maximum);
  EXPECT_EQ(metric_meaning("expected_max_toxicity@5/in_language"), maximum + "; here k = 5; " + gated);
  EXPECT_EQ(metric_meaning("pct_stereotype/age"), explained("pct_stereotype") + "; of the group age");
  EXPECT_EQ(metric_meaning("of_my_own"), "");
}

}  // namespace
}  // namespace xlt
