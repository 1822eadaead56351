// SPDX-License-Identifier: Apache-2.0
// A merged folder is a model of its own, and appears whole or not at all.
#include "xlt/run/merge.h"

#include "run/run_testing.h"

#include <gmock/gmock.h>

#include "xlt/base/lock.h"
#include "xlt/run/inference.h"

namespace xlt {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Merge : public RunTest {
 protected:
  Merge() {
    options_.model = make_model();
    options_.adapter = {train(adapter_options(options_.model, "run")).at("adapter").get<std::string>()};
    options_.output = path("merged");
  }
  Json merge() const { return merge_adapter(options_, Placement{}, {}); }
  // log-likelihoods of the texts
  std::vector<double> scores(const std::string& model, const std::string& adapter = "") const {
    ModelChoice choice;
    choice.model = model;
    choice.adapter = adapter;
    ScoreOptions options;
    options.input = path("texts.jsonl");
    options.output = path("scores.jsonl");
    score_file(options, [&] { return load_language_model(choice, Placement{}, {}); }, {});
    std::vector<double> scores;
    LineReader lines(options.output);
    while (const auto line = lines.next())
      scores.push_back(parse_json(*line, "scores").at("log_likelihood").get<double>());
    return scores;
  }
  MergeOptions options_;
};

TEST_F(Merge, AnAdapterOfAnotherModelIsWarnedOf) {
  TrainRunOptions other = scratch_options("other");
  const auto model =
      run_training(other, Placement{}, /*seed=*/8, config_of(other), {}).at("model").get<std::string>();
  const auto warnings = [&](const std::string& loaded) {
    LogLines log;
    ModelChoice choice;
    choice.model = loaded;
    choice.adapter = options_.adapter[0];
    load_language_model(choice, Placement{}, {&log});
    return log.lines;
  };
  EXPECT_THAT(warnings(options_.model), IsEmpty());
  fs::copy(options_.model, folder_ / "copy", fs::copy_options::recursive);
  EXPECT_THAT(warnings(path("copy")), IsEmpty());
  EXPECT_THAT(warnings(model), ElementsAre(HasSubstr("was trained on " + options_.model)));
  fs::remove_all(options_.model);
  EXPECT_THAT(warnings(model), IsEmpty()) << "nothing is known of it any more";
}

TEST_F(Merge, ScoresAsModelAndAdapterDo) {
  const Json record = merge();
  EXPECT_EQ(record.at("precision"), "full");
  EXPECT_EQ(record, load_json(folder_ / "merged" / "merge.json"));
  EXPECT_LT(record.at("max_relative_rounding_error").get<double>(), 1e-6);
  const auto with_adapter = scores(options_.model, options_.adapter[0]), merged = scores(options_.output);
  ASSERT_EQ(merged.size(), 3u);
  for (size_t i = 0; i < merged.size(); ++i) EXPECT_NEAR(merged[i], with_adapter[i], 1e-4);
  EXPECT_NE(scores(options_.model), merged);
}

TEST_F(Merge, TakenAwayAndPutBackIsTheModel) {
  options_.scale = -1;
  EXPECT_EQ(merge().at("scale"), -1);
  EXPECT_NE(scores(options_.output), scores(options_.model));
  const auto back = scores(options_.output, options_.adapter[0]), base = scores(options_.model);
  for (size_t i = 0; i < base.size(); ++i) EXPECT_NEAR(back[i], base[i], 1e-4);
}

TEST_F(Merge, SeveralAdaptersAreAddedUp) {
  options_.adapter.push_back(options_.adapter[0]);
  options_.scale = 0.5;  // twice the half
  merge();
  const auto with_adapter = scores(options_.model, options_.adapter[0]), merged = scores(options_.output);
  for (size_t i = 0; i < merged.size(); ++i) EXPECT_NEAR(merged[i], with_adapter[i], 1e-4);
}

TEST_F(Merge, In4BitsIsReadBackAsItWasWrittenAndMergesInFullAgain) {
  options_.precision = "nf4";
  const Json record = merge();
  EXPECT_GT(record.at("max_relative_rounding_error").get<double>(), 1e-3);
  EXPECT_LT(record.at("max_relative_rounding_error").get<double>(), 0.2);
  EXPECT_EQ(load_json(folder_ / "merged" / "config.json").at("quantization_config").at("bnb_4bit_quant_type"),
            "nf4");
  const auto in_4_bits = scores(options_.output);
  EXPECT_NE(in_4_bits, scores(options_.model, options_.adapter[0]));
  // Merged once more with nothing to add, it is the same values in full.
  MergeOptions full = options_;
  full.model = options_.output;
  full.output = path("full");
  full.precision = "full";
  full.scale = 0;
  merge_adapter(full, Placement{}, {});
  EXPECT_FALSE(load_json(folder_ / "full" / "config.json").contains("quantization_config"));
  const auto dense = scores(full.output);
  for (size_t i = 0; i < dense.size(); ++i) EXPECT_NEAR(dense[i], in_4_bits[i], 1e-3);
}

TEST_F(Merge, ReplacesAnEarlierMergeAndNothingElse) {
  merge();
  write_file(folder_ / "merged" / "stray", "x");
  merge();
  EXPECT_FALSE(fs::exists(folder_ / "merged" / "stray"));
  fs::remove(folder_ / "merged" / "merge.json");
  EXPECT_EQ(error_of([&] { merge(); }).kind(), ErrorKind::kUsage);
  EXPECT_TRUE(fs::exists(folder_ / "merged" / "model.safetensors"));
}

TEST_F(Merge, NeverWritesOverItsInputs) {
  for (const std::string& input : {options_.model, options_.adapter[0]}) {
    MergeOptions options = options_;
    options.output = input;
    EXPECT_THAT(error_of([&] { merge_adapter(options, Placement{}, {}); }).what(),
                HasSubstr("also an input"));
  }
  options_.output = path("texts.jsonl");
  EXPECT_THAT(error_of([&] { merge(); }).what(), HasSubstr("is a file"));
}

TEST_F(Merge, IntoAFolderThatAnotherMergesIntoIsRefused) {
  const auto lock = take_lock(lock_beside(options_.output), {"merges", options_.output}, {});
  EXPECT_THAT(error_of([&] { merge(); }).what(), HasSubstr("is in use by process"));
  EXPECT_FALSE(fs::exists(options_.output));
}

TEST_F(Merge, ThatFailsLeavesNothing) {
  options_.adapter = {path("none")};
  EXPECT_THROW(merge(), Error);
  EXPECT_FALSE(fs::exists(options_.output));
  for (const auto& entry : fs::directory_iterator(folder_))
    EXPECT_FALSE(entry.path().filename().string().starts_with('.')) << entry.path();
}

TEST_F(Merge, TakesTheDtypeThatTheCheckpointNames) {
  EXPECT_EQ(checkpoint_dtype(options_.model), DType::kFloat32);
  Json config = load_json(fs::path(options_.model) / "config.json");
  config["dtype"] = "bfloat16";
  config.erase("torch_dtype");
  write_file(fs::path(options_.model) / "config.json", dump_json(config));
  EXPECT_EQ(checkpoint_dtype(options_.model), DType::kBFloat16);
}

}  // namespace
}  // namespace xlt
