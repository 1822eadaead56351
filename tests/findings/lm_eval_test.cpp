// SPDX-License-Identifier: Apache-2.0
// Results of lm-evaluation-harness in a comparison, and evaluations in its form.
#include "xlt/findings/lm_eval.h"

#include "findings/findings_testing.h"
#include "findings/lm_eval/results.h"
#include "findings/lm_eval/task_name.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "xlt/findings/compare.h"

namespace xlt {
namespace {

using testing::HasSubstr;

TEST(LmEvalTask, EndsInItsLanguage) {
  const auto parts = [](const std::string& task) {
    const TaskName name = split_task(task);
    return name.benchmark + " " + name.language;
  };
  EXPECT_EQ(parts("global_mmlu_full_de"), "global_mmlu_full de");
  EXPECT_EQ(parts("belebele_deu_Latn"), "belebele de");
  EXPECT_EQ(parts("crows_pairs_french"), "crows_pairs fr");
  EXPECT_EQ(parts("mgsm_pt_BR"), "mgsm pt-BR");
  for (const char* english : {"arc_easy", "hellaswag", "mmlu_pro", "winogrande_xl", "_de", "wmt16-en-ro"})
    EXPECT_EQ(parts(english), std::string(english) + " en");
  EXPECT_EQ(task_of("rtp_lx", "pt-BR"), "rtp_lx_pt_BR");
  EXPECT_EQ(parts(task_of("rtp_lx", "zh-Hant")), "rtp_lx zh-Hant");
}

class LmEval : public FolderTest {
 protected:
  // results_T.json of one task with `acc` of 0/1 samples, as lm_eval writes it.
  std::string write(const std::string& name, const std::vector<int>& right, bool with_samples = true) {
    const fs::path folder = folder_ / name;
    fs::create_directories(folder);
    double sum = 0, logs = 0;
    std::string rows;
    for (size_t i = 0; i < right.size(); ++i) {
      sum += right[i];
      logs += -10.0 * static_cast<double>(i + 1);
      rows += dump_json(Json{{"doc_id", i},
                             {"filter", "none"},
                             {"metrics", {"acc", "bits_per_byte"}},
                             {"acc", static_cast<double>(right[i])},
                             {"bits_per_byte", {-10.0 * static_cast<double>(i + 1), 20}}}) +
              "\n";
    }
    const auto n = static_cast<double>(right.size());
    Json results{{"results",
                  {{"xnli_de",
                    {{"alias", "xnli_de"},
                     {"sample_len", right.size()},
                     {"acc,none", sum / n},
                     {"acc_stderr,none", std::sqrt(sum / n * (1 - sum / n) / (n - 1))},
                     {"bits_per_byte,none", -logs / (20 * n) / std::log(2)},
                     {"bits_per_byte_stderr,none", "N/A"}}}}},
                 {"higher_is_better", {{"xnli_de", {{"acc", true}, {"bits_per_byte", false}}}}},
                 {"versions", {{"xnli_de", 1.0}}},
                 {"n-shot", {{"xnli_de", 0}}},
                 {"n-samples", {{"xnli_de", {{"original", 5000}, {"effective", right.size()}}}}},
                 {"config", {{"limit", 8}, {"model_args", "pretrained=m"}}},
                 {"model_name", "org/" + name}};
    const std::string time = "2026-11-27T08-00-00.000000";
    write_file(folder / ("results_" + time + ".json"), dump_json(results));
    if (with_samples) write_file(folder / ("samples_xnli_de_" + time + ".jsonl"), rows);
    return (folder / ("results_" + time + ".json")).string();
  }
  Json compared(const std::vector<std::string>& files, const std::vector<std::string>& arms = {}) {
    CompareOptions options;
    options.arms = arms;
    options.lm_eval = files;
    return compare(options, Context());
  }
  static Json row(const Json& comparison, const std::string& metric, const std::string& arm,
                  const std::string& language = "de") {
    for (const Json& row : comparison.at("rows"))
      if (row.at("metric") == metric && row.at("arm") == arm && row.at("language") == language) return row;
    ADD_FAILURE() << "no row " << metric << " " << arm;
    return {};
  }
};

TEST_F(LmEval, SamplesThatGiveTheStatedNumberAreItems) {
  const LmEvalResults results = read_lm_eval(write("a", {1, 0, 1, 1}));
  const CellName cell{"xnli", "de", "lm-eval", ""};
  EXPECT_DOUBLE_EQ(results.stated.at(cell).at("acc").value, 0.75);
  EXPECT_EQ(results.evaluation.items(cell).size(), 4);
  const MetricSpec bits = results.evaluation.metric(cell, "bits_per_byte");
  EXPECT_NEAR(value_of(bits, results.evaluation.table(cell, bits)), 100 / 80.0 / std::log(2), 1e-12);
  EXPECT_TRUE(results.evaluation.metric(cell, "acc").higher_is_better.value());
}

TEST_F(LmEval, AFolderOfSeveralModelsResultsIsNoOnesResults) {
  write("a", {1, 0});
  EXPECT_DOUBLE_EQ(
      read_lm_eval((folder_ / "a").string()).stated.at({"xnli", "de", "lm-eval", ""}).at("acc").value, 0.5);
  EXPECT_DOUBLE_EQ(read_lm_eval(folder_.string()).stated.at({"xnli", "de", "lm-eval", ""}).at("acc").value,
                   0.5);
  write("b", {1, 1});
  try {
    read_lm_eval(folder_.string());
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_NE(std::string(error.what()).find((folder_ / "b").string()), std::string::npos);
  }
}

// Eight documents, four of them lost: signs of four of −1: p = 2 / 2^4.
TEST_F(LmEval, ArmsArePairedByDocument) {
  const Json comparison = compared(
      {"before=" + write("a", {1, 1, 1, 1, 1, 0, 0, 1}), "after=" + write("b", {0, 0, 0, 0, 1, 0, 0, 1})});
  const Json acc = row(comparison, "acc", "after");
  EXPECT_EQ(acc.at("benchmark"), "xnli");
  EXPECT_EQ(acc.at("scoring"), "lm-eval");
  EXPECT_DOUBLE_EQ(acc.at("change").get<double>(), -0.5);
  EXPECT_DOUBLE_EQ(acc.at("p_value").get<double>(), 2.0 / 16);
  EXPECT_EQ(acc.at("higher_is_better"), true);
  EXPECT_DOUBLE_EQ(row(comparison, "bits_per_byte", "after").at("change").get<double>(), 0);
  EXPECT_EQ(comparison.at("arms")[0].at("lm_eval")[0].at("model_name"), "org/a");
  EXPECT_THAT(comparison_table(comparison), HasSubstr("xnli: acc (lm-eval)"));
}

TEST_F(LmEval, WithoutSamplesTheStatedNumbersAreShownUnpaired) {
  const Json comparison = compared({"before=" + write("a", {1, 1, 1, 1, 1, 0, 0, 1}, false),
                                    "after=" + write("b", {0, 0, 0, 0, 1, 0, 0, 1}, false)});
  const Json acc = row(comparison, "acc", "after");
  EXPECT_DOUBLE_EQ(acc.at("change").get<double>(), -0.5);
  EXPECT_TRUE(acc.at("p_value").is_null());
  // Standard errors √(0.75 · 0.25 / 7) on both sides.
  EXPECT_NEAR(acc.at("ci95")[1].get<double>(), -0.5 + 1.959964 * std::sqrt(2 * 0.75 * 0.25 / 7), 1e-6);
  EXPECT_TRUE(row(comparison, "bits_per_byte", "after").at("ci95").is_null());
}

TEST_F(LmEval, JoinsTheArmsOfEvaluations) {
  const std::string base = MadeUpEvaluation().add("en", share(10, 6)).write(folder_ / "base"),
                    dpo = MadeUpEvaluation("a").add("en", share(10, 2)).write(folder_ / "dpo");
  const Json comparison = compared(
      {"base=" + write("a", {1, 1, 0, 1}), "dpo=" + write("b", {0, 1, 0, 1}), write("c", {1, 1, 1, 1})},
      {base, dpo});
  EXPECT_DOUBLE_EQ(row(comparison, "m", "dpo", "en").at("change").get<double>(), -40);
  EXPECT_DOUBLE_EQ(row(comparison, "acc", "dpo").at("change").get<double>(), -0.25);
  EXPECT_DOUBLE_EQ(row(comparison, "acc", "org/c").at("value").get<double>(), 1);
  EXPECT_EQ(comparison.at("arms").size(), 3);
  EXPECT_EQ(comparison.at("arms")[1].at("lm_eval").size(), 1);
  write_comparison(comparison, folder_ / "out");
  EXPECT_THAT(read_file(folder_ / "out" / "compare.csv"), HasSubstr("xnli,de,lm-eval,,acc,dpo"));
}

TEST_F(LmEval, OneFileBesideEvaluationsIsAnArmWithoutBase) {
  const std::string base = MadeUpEvaluation().add("en", share(10, 6)).write(folder_ / "base"),
                    dpo = MadeUpEvaluation("a").add("en", share(10, 2)).write(folder_ / "dpo");
  const Json comparison = compared({write("c", {1, 1, 0, 1})}, {base, dpo});
  const Json acc = row(comparison, "acc", "org/c");
  EXPECT_DOUBLE_EQ(acc.at("value").get<double>(), 0.75);
  EXPECT_TRUE(acc.at("base").is_null());
  EXPECT_TRUE(acc.at("change").is_null());
  write_comparison(comparison, folder_ / "out");
  EXPECT_THAT(comparison_table(comparison), HasSubstr("(0.7500)"));
}

TEST_F(LmEval, WhatWasMeasuredOtherwiseIsRefused) {
  const std::string before = write("a", {1, 1, 0, 1}), after = write("b", {1, 1, 0, 1});
  Json results = load_json(after);
  results["n-shot"]["xnli_de"] = 5;
  write_file(after, dump_json(results));
  try {
    compared({"before=" + before, "after=" + after});
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kData);
    EXPECT_THAT(error.what(), HasSubstr("num_fewshot: 0 in "));
  }
}

TEST_F(LmEval, WhatCannotBeAMetricsValueIsRefusedWithItsReason) {
  const std::string before = write("a", {1, 1, 0, 1}), after = write("b", {1, 0, 0, 1});
  for (const Json& nonsense : {Json("NaN"), Json(-5), Json(1.5), Json(), Json::array({0.5})}) {
    Json results = load_json(after);
    results["results"]["xnli_de"]["acc,none"] = nonsense;
    results["results"]["xnli_de"]["alias"] = 3;
    results["results"]["xnli_de"]["bits_per_byte_stderr,none"] = -1;
    write_file(after, dump_json(results));
    const Json comparison = compared({"before=" + before, "after=" + after});
    for (const Json& one : comparison.at("rows")) EXPECT_EQ(one.at("metric"), "bits_per_byte") << nonsense;
    const Json& refusal = comparison.at("refused")[0];
    EXPECT_EQ(refusal.at("metric"), "acc");
    EXPECT_EQ(refusal.at("arm"), "after");
    EXPECT_THAT(refusal.at("reason").get<std::string>(), HasSubstr("the results state")) << nonsense;
  }
}

TEST_F(LmEval, AnySettingOfEitherKindMayBeAllowed) {
  const std::string base = MadeUpEvaluation().add("en", share(10, 6)).write(folder_ / "base"),
                    dpo = MadeUpEvaluation("a").add("en", share(10, 2)).write(folder_ / "dpo");
  const std::string before = write("a", {1, 1, 0, 1}), after = write("b", {1, 0, 0, 1});
  Json results = load_json(after);
  results["task_hashes"] = {{"xnli_de", "other"}};
  write_file(after, dump_json(results));
  CompareOptions options;
  options.arms = {base, dpo};
  options.lm_eval = {"base=" + before, "dpo=" + after};
  EXPECT_THROW(compare(options, Context()), Error);
  options.allow = {"task_hash", "limit"};
  check_compare_options(options);
  const Json comparison = compare(options, Context());
  EXPECT_EQ(comparison.at("settings").at("allowed")[0].at("key"), "task_hash");
  options.allow = {"task_hush"};
  EXPECT_THROW(compare(options, Context()), Error);
}

TEST_F(LmEval, WhatIsNoneOfItsResultsIsNamed) {
  const auto kind = [&](const std::string& file) {
    try {
      compared({"a=" + file, "b=" + file});
    } catch (const Error& error) {
      return error.kind();
    }
    return ErrorKind::kInternal;
  };
  write_file(folder_ / "other.json", "{}");
  EXPECT_EQ(kind((folder_ / "other.json").string()), ErrorKind::kData);
  EXPECT_EQ(kind((folder_ / "nothing").string()), ErrorKind::kIo);
}

TEST_F(LmEval, WhatIsWrittenInItsFormIsReadBack) {
  MadeUpEvaluation("a").add("en", share(10, 4)).write(folder_ / "dpo");
  Json report = load_json(folder_ / "dpo" / "report.json");
  report["cells"][0]["metrics"]["m"]["value"] = 40;
  report["cells"][0]["metrics"]["m"]["ci95"] = {20, 60};
  report["cells"][0]["n_items"] = 10;
  write_file(folder_ / "dpo" / "report.json", dump_json(report));
  const fs::path file = write_lm_eval(folder_ / "dpo");
  EXPECT_EQ(file.parent_path().filename(), "models__x");
  const Json results = load_json(file);
  const Json& task = results.at("results").at("b_en");
  EXPECT_EQ(task.at("m,corrected"), 40.0);
  EXPECT_NEAR(task.at("m_stderr,corrected").get<double>(), 40 / (2 * 1.959964), 1e-5);
  const LmEvalResults back = read_lm_eval(folder_ / "dpo");
  const CellName cell{"b", "en", "lm-eval", ""};
  EXPECT_EQ(back.stated.at(cell).at("m,corrected").value, 40);
  EXPECT_EQ(back.evaluation.items(cell).size(), 10) << "the samples give the value";
}

}  // namespace
}  // namespace xlt
