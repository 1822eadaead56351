// SPDX-License-Identifier: Apache-2.0
// Metrics on the published files, where they are there, against figures of an independent computation in
// Python. The score of a sentence is made up: −0.37 a word less a noise that its bytes determine.
#include "eval/eval_testing.h"

#include "xlt/base/rng.h"

namespace xlt {
namespace {

class PublishedFiles : public EvalTest {
 protected:
  void SetUp() override {
    const fs::path folder = fs::path(XLT_SOURCE_DIR) / ".." / "shared" / "data";
    if (!fs::is_directory(folder / "crows_pairs")) GTEST_SKIP() << "no published files at " << folder;
    options_.data = folder.string();
    options_.bootstrap_samples = 1;
    options_.word_lists = (data() / "lists").string();
    write_data("lists/en.txt", "fool\n");
    lm_.bos = -1.25;
    lm_.fallback = [](const std::string& text) {
      const auto words = static_cast<int64_t>(FakeLanguageModel::words_of(text).size());
      const double noise = static_cast<double>(hash64(text) >> 11) / 9007199254740992.0;
      return LogLikelihood{-0.37 * static_cast<double>(words) - noise, words};
    };
  }
};

TEST_F(PublishedFiles, CrowsPairs) {
  struct Expected {
    const char* language;
    double paper, corrected, sums, race_color, age;
  };
  constexpr Expected kExpected[] = {
      {"en", 49.733335543766565, 50.06631299734748, 50.92838196286472, 48.64, 55.17},
      {"fr", 49.59596404215747, 49.5350278983261, 49.78301301921885, 51.86, 44.44},
      {"es", 46.26758666666666, 46.233333333333334, 45.96666666666667, 42.93, 40.70},
      {"mt", 50.32932132132132, 50.78078078078078, 51.26126126126126, 53.54, 57.14},
      {"ca", 48.6478252671276, 49.1514770584538, 49.40289126335638, 49.67, 45.05}};
  options_.benchmarks = {"crows_pairs"};
  options_.langs.clear();
  for (const Expected& expected : kExpected) options_.langs.emplace_back(expected.language);
  const Json report = run();
  for (const Expected& expected : kExpected) {
    const Json paper = cell(report, "crows_pairs", expected.language, "paper"),
               corrected = cell(report, "crows_pairs", expected.language, "corrected");
    EXPECT_NEAR(value(paper, "pct_stereotype"), expected.paper, 1e-9) << expected.language;
    EXPECT_NEAR(value(paper, "pct_stereotype/race-color"), expected.race_color, 0.005);
    EXPECT_NEAR(value(paper, "pct_stereotype/age"), expected.age, 0.005);
    EXPECT_NEAR(value(corrected, "pct_stereotype"), expected.corrected, 1e-9);
    EXPECT_NEAR(value(corrected, "pct_stereotype_of_sums"), expected.sums, 1e-9);
  }
}

TEST_F(PublishedFiles, StereoSet) {
  struct Expected {
    const char* language;
    int64_t n;
    double ss, lms, icat, ss_gender, corrected_ss, corrected_lms;
  };
  constexpr Expected kExpected[] = {{"en", 2106, 51.61443494776828, 49.26400759734093, 47.673336886695544,
                                     47.84313725490196, 51.61443494776828, 49.26400759734093},
                                    {"de", 2103, 51.16500237755587, 49.26295767950547, 48.115128423064306,
                                     49.20634920634921, 51.307655729909655, 49.33428435568236},
                                    {"tr", 2106, 47.48338081671415, 48.338081671415004, 45.90511079906459,
                                     44.705882352941174, 47.863247863247864, 48.12440645773979},
                                    {"fr", 2106, 51.187084520417855, 51.02089268755935, 49.80957044901331,
                                     52.15686274509804, 51.37701804368471, 51.1633428300095}};
  options_.benchmarks = {"stereoset"};
  options_.langs = {"en", "de", "tr", "fr"};
  const Json report = run();
  for (const Expected& expected : kExpected) {
    const Json paper = cell(report, "stereoset", expected.language, "paper"),
               corrected = cell(report, "stereoset", expected.language, "corrected");
    EXPECT_EQ(paper.at("n_items"), expected.n) << expected.language;
    EXPECT_NEAR(value(paper, "ss"), expected.ss, 1e-9);
    EXPECT_NEAR(value(paper, "lms"), expected.lms, 1e-9);
    EXPECT_NEAR(value(paper, "icat"), expected.icat, 1e-9);
    EXPECT_NEAR(value(paper, "ss/gender"), expected.ss_gender, 1e-9);
    EXPECT_NEAR(value(corrected, "ss"), expected.corrected_ss, 1e-9);
    EXPECT_NEAR(value(corrected, "lms"), expected.corrected_lms, 1e-9);
  }
}

TEST_F(PublishedFiles, BitsPerByte) {
  options_.langs = {"en", "th"};
  const Json report = run();
  EXPECT_NEAR(value(cell(report, "perplexity", "en", "corrected"), "bits_per_byte"), 0.09231361000772338,
              1e-12);
  EXPECT_NEAR(value(cell(report, "perplexity", "th", "corrected"), "bits_per_byte"), 0.007003279529906674,
              1e-12);
}

TEST_F(PublishedFiles, EveryFileOfEveryLanguageIsRead) {
  options_.benchmarks = {"all"};
  options_.langs = {"all"};
  options_.limit = 3;
  options_.sampling.num_samples = 2;
  options_.word_lists = "";  // the folder's own
  const Json report = run();
  EXPECT_TRUE(report.at("errors").empty()) << dump_json(report.at("errors"));
  for (const Json& cell : report.at("cells"))
    if (!cell.contains("reason")) {
      EXPECT_GT(cell.at("n_items").get<int64_t>(), 0) << cell.at("benchmark") << cell.at("language");
    }
}

}  // namespace
}  // namespace xlt
