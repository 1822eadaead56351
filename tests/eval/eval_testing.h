// SPDX-License-Identifier: Apache-2.0
// A data folder, a scripted model and an identifier for tests of benchmarks.
#pragma once

#include "lm/fake_language_model.h"
#include "scratch_folder.h"

#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "xlt/base/file.h"
#include "xlt/base/json.h"
#include "xlt/base/language.h"
#include "xlt/eval/benchmark.h"
#include "xlt/eval/evaluate.h"
#include "xlt/scorers/scorer.h"
#include "xlt/text/language_id.h"

namespace xlt {

// French where "bonjour" occurs, Chinese where a byte of a CJK character does, else English; unsure about
// "hmm".
class FakeIdentifier : public LanguageIdentifier {
 public:
  LanguageGuess identify(std::string_view line) const override {
    const double probability = line.find("hmm") == std::string_view::npos ? 0.9 : 0.2;
    if (line.find("bonjour") != std::string_view::npos) return {"fr", probability};
    for (char c : line)
      if (static_cast<unsigned char>(c) >= 0xE3) return {"zh", probability};
    return {"en", probability};
  }
  bool knows(std::string_view language) const override {
    const std::string key = language_key(language);
    return key == "en" || key == "fr" || key == "zh";
  }
};

// Every item is in a metric or left out of it for a reason that is said, and so it is for the whole cell.
inline void expect_every_item_accounted_for(const Json& cell) {
  const auto expect_sum = [&](const Json& counts, const Json& rest, const std::string& what) {
    int64_t sum = 0;
    for (const auto& [reason, count] : counts.items()) {
      EXPECT_NE(reason, "") << what;
      sum += count.get<int64_t>();
    }
    EXPECT_EQ(sum, rest) << what << ": " << dump_json(counts);
  };
  const auto all = cell.at("n_items").get<int64_t>();
  expect_sum(cell.at("unscored"), all - cell.at("n_scored").get<int64_t>(), "unscored");
  for (const auto& [name, metric] : cell.at("metrics").items())
    expect_sum(metric.at("left_out"), all - metric.at("n").get<int64_t>(), name);
}

class EvalTest : public FolderTest {
 protected:
  EvalTest() {
    fs::create_directories(data());
    options_.data = data().string();
    options_.output = (folder_ / "out").string();
    options_.bootstrap_samples = 100;
    options_.benchmarks = {"perplexity"};
    options_.langs = {"en"};
  }

  fs::path data() const { return folder_ / "data"; }
  void write_data(const std::string& name, const std::string& text) const {
    fs::create_directories((data() / name).parent_path());
    write_file(data() / name, text);
  }
  // With this model and the scorers that the options name, as `run` builds them.
  EvalResult run_as(const std::string& model_hash) {
    scorers_ = make_scorers(scorer_specs(options_), {.data = options_.data});
    EvalServices services{.lm = &lm_, .scorers = {}, .identifier = identifier_, .model_hash = model_hash};
    services.seq2seq = seq2seq_;
    services.judge = judge_;
    for (const auto& scorer : scorers_) services.scorers.push_back(scorer.get());
    return evaluate(services, options_, Json{{"seeds", {0}}}, {});
  }
  Json run() { return *run_as("weights-1").report(); }
  // The cell of a report.
  static Json cell(const Json& report, const std::string& benchmark, const std::string& language,
                   const std::string& scoring) {
    for (const Json& cell : report.at("cells"))
      if (cell.at("benchmark") == benchmark && cell.at("language") == language &&
          cell.at("scoring") == scoring) {
        expect_every_item_accounted_for(cell);
        return cell;
      }
    ADD_FAILURE() << "no cell " << benchmark << " " << language << " " << scoring;
    return {};
  }
  static double value(const Json& cell, const std::string& metric) {
    const Json& value = cell.at("metrics").at(metric).at("value");
    if (value.is_number()) return value.get<double>();
    ADD_FAILURE() << metric << " is null: " << dump_json(cell.at("metrics").at(metric));
    return NAN;
  }
  // The benchmark's items of a language, with this identifier; where scorers judge, as the first one sees
  // them.
  std::vector<ScoredItem> score(const std::string& name, const std::string& language,
                                const LanguageIdentifier* identifier) {
    scorers_ = make_scorers(scorer_specs(options_), {.data = options_.data});
    EvalServices services{.lm = &lm_, .scorers = {}, .identifier = identifier};
    services.seq2seq = seq2seq_;
    services.judge = judge_;
    for (const auto& scorer : scorers_) services.scorers.push_back(scorer.get());
    const Benchmark& benchmark = *benchmark_of(name);
    const Context context;
    const auto items =
        benchmark.score({language, benchmark.files(data(), language), options_, services, context});
    return scorers_.empty() ? items : items_under(scorers_[0]->name(), items);
  }
  std::shared_ptr<Benchmark> benchmark_of(const std::string& name) const {
    for (const NamedBenchmark& entry : options_.table)
      if (entry.name == name) return entry.benchmark;
    throw std::runtime_error("no benchmark " + name);
  }
  std::vector<MetricSpec> specs(const std::string& name, Scoring scoring) const {
    return benchmark_of(name)->metrics(scoring, options_);
  }

  FakeLanguageModel lm_;
  EvalOptions options_;
  const LanguageIdentifier* identifier_ = nullptr;
  Seq2Seq* seq2seq_ = nullptr;      // who judges fluency
  LanguageModel* judge_ = nullptr;  // the same
  std::vector<std::unique_ptr<TextScorer>> scorers_;
};

}  // namespace xlt
