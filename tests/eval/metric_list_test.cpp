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

}  // namespace
}  // namespace xlt
