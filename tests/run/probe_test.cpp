// SPDX-License-Identifier: Apache-2.0
// From labelled rows to a scorer folder and back, with an encoder that answers from its inputs.
#include "xlt/run/probe.h"

#include "run/probe_fit.h"
#include "run_testing.h"

#include <algorithm>
#include <map>
#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "xlt/base/rng.h"
#include "xlt/lm/probe.h"

namespace xlt {
namespace {

using ::testing::HasSubstr;

// Layer 0 is noise, layer 1 tells texts with an `x` from others by its first number, as does layer 2 with
// more noise; a text "?" has no tokens.
class FakeEncoder final : public SentenceEncoder {
 public:
  explicit FakeEncoder(int64_t num_layers = 2) { info_.num_layers = num_layers; }
  std::vector<std::vector<std::vector<float>>> embed(std::span<const std::string> texts,
                                                     std::span<const int64_t> layers,
                                                     const SentencePooling&) override {
    std::vector<std::vector<std::vector<float>>> all;
    for (const std::string& text : texts) {
      auto& vectors = all.emplace_back();
      Rng rng = Rng(1).fork(text);
      const auto noise = static_cast<float>(rng.normal()), more = static_cast<float>(rng.normal());
      const float sign = text.find('x') == std::string::npos ? -1 : 1;
      for (const int64_t layer : layers)
        if (text != "?")
          vectors.push_back({sign * static_cast<float>((layer + 1) / 2) + noise * layer * layer, more, 7});
    }
    return all;
  }
  const SentenceEncoderInfo& info() const override { return info_; }

 private:
  SentenceEncoderInfo info_{.model = "fake", .model_type = "fake", .hidden_size = 3};
};

class Probes : public FolderTest {
 protected:
  Probes() {
    options_.model = (folder_ / "model").string();
    options_.output = (folder_ / "probe").string();
    options_.data = {(folder_ / "rows.jsonl").string()};
    std::string rows;
    for (int i = 0; i < 80; ++i)
      rows += str_cat("{\"text\":\"", i % 2 ? "x" : "y", i, "\",\"label\":", i % 2, ",\"language\":\"",
                      i < 40 ? "en" : "de", "\"}\n");
    write_file(options_.data[0], rows);
  }
  Json train() const {
    return train_probe(options_,
                       {[] { return std::make_unique<FakeEncoder>(); }, [] { return std::string("h"); }},
                       Json::object(), {});
  }
  std::string complaint(const std::string& rows) {
    write_file(options_.data[0], rows);
    try {
      train();
      return "";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kData);
      return error.what();
    }
  }
  ProbeOptions options_;
};

TEST_F(Probes, TheLayerThatTellsTheClassesApartIsChosen) {
  const Json record = train();
  EXPECT_EQ(record.at("layer"), 1);
  EXPECT_EQ(record.at("layers").size(), 3);
  EXPECT_EQ(record.at("model_hash"), "h");
  EXPECT_EQ(record.at("languages"),
            Json::parse(R"({"en":{"n":40,"n_positive":20},"de":{"n":40,"n_positive":20}})"));
  EXPECT_EQ(record.at("held_out").at("n"), 16);  // a fifth of each of four strata
  EXPECT_GT(record.at("held_out").at("auc").get<double>(), 0.8);
  EXPECT_THAT(probe_summary(record), HasSubstr("layer 1 of 2"));
}

TEST_F(Probes, WhatWasSavedScoresAsWhatWasTrained) {
  train();
  const SavedProbe saved = load_probe(options_.output);
  EXPECT_EQ(saved.head.layer, 1);
  const auto classifier = make_probe_classifier(saved.head, std::make_unique<FakeEncoder>());
  const auto p = classifier->classify(std::vector<std::string>{"x901", "y902", "?"});
  EXPECT_GT(p[0][0], p[1][0]);
  EXPECT_TRUE(p[2].empty());
  EXPECT_THROW(make_probe_classifier(saved.head, std::make_unique<FakeEncoder>(0)), Error);
}

TEST_F(Probes, TheSameRowsInAnotherOrderHoldOutTheSame) {
  const std::vector<LabelledText> rows = {{"a", "en", 1, ""}, {"b", "en", 1, ""}, {"c", "en", 0, ""},
                                          {"d", "en", 0, ""}, {"e", "en", 0, ""}, {"a", "en", 1, ""}};
  const auto one = hold_out(rows, 0.4, 3);
  const auto other = hold_out({rows.rbegin(), rows.rend()}, 0.4, 3);
  EXPECT_TRUE(std::equal(one.begin(), one.end(), other.rbegin()));
  EXPECT_EQ(one[0], one[5]);                                         // the same text
  EXPECT_NE(one[0], one[1]);                                         // one of two
  EXPECT_EQ(std::count(one.begin() + 2, one.begin() + 5, true), 1);  // 0.4 of three
}

// Whether each id of one class is held out, {} where its rows are on both sides.
std::map<std::string, std::optional<bool>> sides_of(const std::vector<LabelledText>& rows,
                                                    const std::vector<bool>& held_out) {
  std::map<std::string, std::optional<bool>> sides;
  for (size_t i = 0; i < rows.size(); ++i) {
    const auto [place, is_new] = sides.emplace(rows[i].id, held_out[i]);
    if (!is_new && place->second != held_out[i]) place->second.reset();
  }
  return sides;
}

TEST_F(Probes, TranslationsStayOnOneSide) {
  std::vector<LabelledText> rows;
  std::map<std::string, int64_t> held;
  for (const char* language : {"en", "de", "fr"})
    for (int i = 0; i < 20; ++i)
      rows.push_back({str_cat(language, i), language, i % 2 ? 1.0 : 0.0, "", str_cat("r", i)});
  const auto held_out = hold_out(rows, 0.3, 3);
  for (const auto& [id, side] : sides_of(rows, held_out)) EXPECT_TRUE(side.has_value()) << id;
  for (size_t i = 0; i < rows.size(); ++i)
    held[str_cat(rows[i].language, rows[i].is_positive())] += held_out[i];
  ASSERT_EQ(held.size(), 6);
  for (const auto& [stratum, count] : held) EXPECT_EQ(count, 3) << stratum;
}

TEST_F(Probes, AFewTranslationsOfManyTextsAreHeldOutToo) {
  // Four of a hundred have a translation; an equal text under two ids joins them.
  std::vector<LabelledText> rows;
  for (int i = 0; i < 100; ++i) rows.push_back({str_cat("en", i), "en", 1, "", str_cat(i)});
  for (int i = 50; i < 54; ++i) rows.push_back({str_cat("sw", i), "sw", 1, "", str_cat(i)});
  rows.push_back({"en51", "en", 1, "", "another id"});
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    const auto held_out = hold_out(rows, 0.2, seed);
    EXPECT_EQ(std::count(held_out.begin() + 100, held_out.begin() + 104, true), 1);
    EXPECT_NEAR(std::count(held_out.begin(), held_out.begin() + 100, true), 20, 1);
    EXPECT_EQ(held_out[51], held_out[104]);
    for (const auto& [id, side] : sides_of(rows, held_out)) EXPECT_TRUE(side.has_value()) << id;
    auto reversed = hold_out({rows.rbegin(), rows.rend()}, 0.2, seed);
    EXPECT_TRUE(std::equal(reversed.rbegin(), reversed.rend(), held_out.begin()));
  }
}

TEST_F(Probes, AnIdThatAllRowsShareIsNamed) {
  std::string rows;
  for (int i = 0; i < 8; ++i)
    rows += str_cat("{\"id\":1,\"text\":\"", i % 2 ? "x" : "y", i, "\",\"label\":", i % 2, "}\n");
  EXPECT_THAT(complaint(rows), HasSubstr("rows of one \"id\""));
}

TEST_F(Probes, AChangedFolderIsRefused) {
  train();
  const fs::path weights = fs::path(options_.output) / "probe.safetensors";
  std::string bytes = read_file(weights);
  bytes.back() ^= 1;
  write_file(weights, bytes);
  try {
    load_probe(options_.output);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kCheckpoint);
    EXPECT_THAT(error.what(), HasSubstr("probe.safetensors"));
  }
  EXPECT_THROW(load_probe(folder_ / "nowhere"), Error);
}

TEST_F(Probes, AnEditedRecordIsRefusedByTheFieldsName) {
  const Json good = train();
  const auto complaint_of = [&](const char* field, const Json& value) -> std::string {
    Json record = good;
    record[Json::json_pointer(field)] = value;
    write_file(fs::path(options_.output) / kProbeRecord, dump_json(record));
    try {
      make_probe_classifier(load_probe(options_.output).head, std::make_unique<FakeEncoder>());
      return "";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kCheckpoint);
      return error.what();
    }
  };
  for (const Json& value : {Json("max"), Json("cls"), Json(1)})
    EXPECT_THAT(complaint_of("/pooling", value), HasSubstr("pooling")) << value;
  for (const Json& value : {Json(0), Json(-1.5), Json("NaN"), Json()})
    EXPECT_THAT(complaint_of("/calibration/temperature", value), HasSubstr("temperature")) << value;
  EXPECT_THAT(complaint_of("/calibration/kind", "isotonic"), HasSubstr("kind"));
  for (const Json& value : {Json(2), Json(0), Json(-3), Json(4)})
    EXPECT_THAT(complaint_of("/hidden_size", value), HasSubstr("probe.json")) << value;
  for (const Json& value : {Json(-1), Json(3), Json("1"), Json(1.5)})
    EXPECT_THAT(complaint_of("/layer", value), HasSubstr("layer")) << value;
  EXPECT_EQ(complaint_of("/layer", 2), "") << "an edit that save_probe could have written";
}

TEST_F(Probes, ARecordTellsTheTextsThatItWasFittedTo) {
  const auto marks = training_texts_of(train());
  EXPECT_EQ(marks.size(), 80 - 16);  // but for those held out
  EXPECT_EQ(marks.contains(text_mark("a new text")), false);
  EXPECT_TRUE(training_texts_of(Json::object()).empty());
}

TEST_F(Probes, ALayerIsANumberOrAuto) {
  options_.layer = "2";
  EXPECT_EQ(train().at("layer"), 2);
  for (const char* layer : {"3", "-1", "1,2", "all", "two"}) {
    options_.layer = layer;
    try {
      train();
      FAIL() << layer;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kUsage);
      EXPECT_THAT(error.what(),
                  testing::AllOf(HasSubstr("--layer:"), HasSubstr("expected auto, or a number")));
    }
  }
}

TEST_F(Probes, RowsThatTrainNothingAreNamed) {
  EXPECT_THAT(complaint("{\"text\":\"a\",\"label\":1}\n{\"text\":\"b\",\"label\":1}\n"),
              HasSubstr("below 0.5"));
  EXPECT_THAT(complaint("{\"text\":\"a\",\"label\":0}\n{\"text\":\" \",\"label\":1}\n"),
              HasSubstr("rows.jsonl:2"));
  std::string rows = "{\"text\":\"?\",\"label\":1}\n";
  for (const char* text : {"a", "b", "c"})
    rows += str_cat("{\"text\":\"", text, "\",\"label\":0}\n{\"text\":\"x", text, "\",\"label\":1}\n");
  EXPECT_THAT(complaint(rows), HasSubstr("rows.jsonl:1"));
  EXPECT_FALSE(fs::exists(options_.output));
}

}  // namespace
}  // namespace xlt
