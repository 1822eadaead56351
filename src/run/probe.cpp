// SPDX-License-Identifier: Apache-2.0
#include "xlt/run/probe.h"

#include "run/model_hash.h"
#include "run/output_folder.h"
#include "run/probe_fit.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <map>
#include <set>
#include <span>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/json.h"
#include "xlt/base/utf8.h"
#include "xlt/dataset/labelled_text.h"
#include "xlt/lm/probe.h"
#include "xlt/run/embed.h"
#include "xlt/run/environment.h"
#include "xlt/stats/classification.h"
#include "xlt/stats/logistic.h"

namespace xlt {

namespace {

// Texts handed over at once: enough to fill every batch, few enough to hear of an interruption.
constexpr size_t kRowsAtOnce = 256;

bool is_blank_text(const std::string& text) { return text.find_first_not_of(" \t\r\n") == std::string::npos; }

void check_rows_of_probe(const std::vector<LabelledText>& rows) {
  for (const LabelledText& row : rows)
    if (is_blank_text(row.text))
      throw Error(ErrorKind::kData, "the text is empty; a probe is trained on texts alone", row.place);
  std::map<bool, std::set<std::string>> texts;
  for (const LabelledText& row : rows) texts[row.is_positive()].insert(row.text);
  for (const bool side : {false, true})
    if (texts[side].size() < 2)
      throw Error(ErrorKind::kData,
                  str_cat("of ", rows.size(), " rows, ", texts[side].size(), " different ",
                          texts[side].size() == 1 ? "text has" : "texts have", " a label ",
                          side ? "of at least 0.5" : "below 0.5",
                          "; a probe needs both classes, two texts of each at least and better hundreds"),
                  "--data");
}

// Both classes to train on and to choose by.
void check_sides(const std::vector<LabelledText>& rows, const std::vector<bool>& held_out) {
  std::set<std::pair<bool, bool>> sides;
  for (size_t i = 0; i < rows.size(); ++i) sides.emplace(held_out[i], rows[i].is_positive());
  if (sides.size() < 4)
    throw Error(
        ErrorKind::kData,
        "no rows can be held out so that both sides have labels below 0.5 and of at least 0.5: rows of "
        "one \"id\" are taken for translations of each other and stay together, and each language and "
        "class needs two groups; leave \"id\" out where it means something else",
        "--data");
}

// The states of every layer asked, in one pass over the texts.
std::vector<LayerFeatures> features_of(const std::vector<LabelledText>& rows, SentenceEncoder& encoder,
                                       const std::vector<int64_t>& layers, const Context& context) {
  std::vector<LayerFeatures> features;
  for (const int64_t layer : layers) {
    features.push_back({layer, {}});
    features.back().values.reserve(rows.size() * static_cast<size_t>(encoder.info().hidden_size));
  }
  for (size_t begin = 0; begin < rows.size(); begin += kRowsAtOnce) {
    context.throw_if_interrupted();
    const size_t end = std::min(begin + kRowsAtOnce, rows.size());
    std::vector<std::string> texts;
    for (size_t i = begin; i < end; ++i) texts.push_back(rows[i].text);
    const auto vectors = encoder.embed(texts, layers, {PoolingMode::kMean, false});
    for (size_t i = begin; i < end; ++i) {
      if (vectors[i - begin].empty())
        throw Error(ErrorKind::kData, "the text has no tokens; leave the row out", rows[i].place);
      for (size_t l = 0; l < layers.size(); ++l) {
        const auto& vector = vectors[i - begin][l];
        features[l].values.insert(features[l].values.end(), vector.begin(), vector.end());
      }
    }
  }
  return features;
}

Json area_json(const std::vector<double>& scores, const std::vector<bool>& labels) {
  const auto area = area_under_curve(scores, labels);
  if (!area) return {{"n", scores.size()}, {"auc", nullptr}, {"auc_ci95", nullptr}};
  return {{"n", scores.size()}, {"auc", area->value}, {"auc_ci95", {area->ci95.low, area->ci95.high}}};
}

// How good the head is on the rows held out, altogether and by language.
Json held_out_json(const ProbeOptions& options, const ProbeHead& head, const LayerFeatures& layer,
                   const std::vector<LabelledText>& rows, const std::vector<bool>& held_out) {
  const size_t width = head.weights.size();
  std::map<std::string, std::pair<std::vector<double>, std::vector<bool>>> sides;
  std::vector<double> logits, targets;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (!held_out[i]) continue;
    const std::span<const float> mean(layer.values.data() + i * width, width);
    for (const std::string& key : {std::string(), rows[i].language}) {
      sides[key].first.push_back(head.probability(mean));
      sides[key].second.push_back(rows[i].is_positive());
    }
    logits.push_back(head.logit(mean));
    targets.push_back(rows[i].label);
  }
  Json json{{"share", options.held_out}};
  json.update(area_json(sides[""].first, sides[""].second));
  json["log_loss"] = log_loss(logits, targets);
  json["languages"] = Json::object();
  for (const auto& [language, side] : sides)
    if (!language.empty()) json["languages"][language] = area_json(side.first, side.second);
  return json;
}

Json languages_json(const std::vector<LabelledText>& rows) {
  Json json = Json::object();
  for (const LabelledText& row : rows) {
    Json& counts = json[row.language];
    if (counts.is_null()) counts = {{"n", 0}, {"n_positive", 0}};
    counts["n"] = counts["n"].get<int64_t>() + 1;
    counts["n_positive"] = counts["n_positive"].get<int64_t>() + (row.is_positive() ? 1 : 0);
  }
  return json;
}

// Marks of the rows that the head was fitted to, so that a card can tell them from others.
std::string training_texts(const std::vector<LabelledText>& rows, const std::vector<bool>& held_out) {
  std::set<std::string> marks;
  for (size_t i = 0; i < rows.size(); ++i)
    if (!held_out[i]) marks.insert(text_mark(rows[i].text));
  std::string text;
  for (const std::string& mark : marks) text += mark;
  return text;
}

// --layer: the layers that are tried.
std::vector<int64_t> layers_of(const std::string& layer, int64_t num_layers) {
  if (layer == "auto") return parse_layers("all", num_layers);
  int64_t number = -1;
  const auto [end, error] = std::from_chars(layer.data(), layer.data() + layer.size(), number);
  if (error != std::errc() || end != layer.data() + layer.size() || number < 0 || number > num_layers)
    throw Error(ErrorKind::kUsage,
                str_cat("\"", layer, "\" is no layer; expected auto, or a number from 0 (the embeddings) to ",
                        num_layers),
                "--layer");
  return {number};
}

Json trials_json(const ProbeFit& fit) {
  Json json = Json::array();
  for (const LayerTrial& trial : fit.trials)
    json.push_back({{"layer", trial.layer}, {"l2", trial.l2}, {"held_out_log_loss", trial.log_loss}});
  return json;
}

}  // namespace

void ProbeOptions::visit(OptionVisitor& v) {
  v.field("model", model,
          "decoder or encoder whose hidden states are read: a checkpoint folder, a .gguf file, or "
          "org/name[@revision] of the hub in the local cache");
  v.field("data", data,
          "files of rows {\"text\", \"label\"[, \"language\", \"id\"]}; a label is a number from 0 to 1, "
          "true or false");
  v.field("output", output, "folder for probe.json and probe.safetensors, the scorer probe:FOLDER");
  v.field("layer", layer,
          "whose states are read: a number (0: the embeddings), or auto: the one that does best on rows held "
          "out");
  v.field(
      "held_out", held_out,
      "share of the texts of every language and class by which layer, penalty and temperature are chosen; "
      "rows of one id are translations of each other and on the same side",
      between(0.01, 0.9));
  v.field("language", language, "of rows that name none, as a BCP-47 tag; und: not known");
  v.field("batch_tokens", batch_tokens,
          "most tokens in one forward pass, but for a longer text; changes speed and memory, on a CPU never "
          "results; 0: chosen for the device",
          at_least(0));
}

ProbeBase probe_base(const ProbeOptions& options, const Placement& where, const Context& context) {
  return {[=] {
            return load_sentence_encoder({options.model, {}, options.batch_tokens}, where, context);
          },
          [=] { return hash_of_model(options.model); }};
}

Json train_probe(const ProbeOptions& options, const ProbeBase& base, Json record, const Context& context) {
  std::vector<std::string> inputs = options.data;
  inputs.push_back(options.model);
  check_output_folder(options.output, inputs, kProbeRecord, "probe");
  Json data = file_records({options.data.begin(), options.data.end()});
  const auto rows = read_labelled_texts(options.data, options.language);
  check_rows_of_probe(rows);
  const auto held_out = hold_out(rows, options.held_out, options.seed);
  check_sides(rows, held_out);
  std::vector<double> targets;
  for (const LabelledText& row : rows) targets.push_back(row.label);

  const auto encoder = base.load();
  const auto layers = layers_of(options.layer, encoder->info().num_layers);
  const auto features = features_of(rows, *encoder, layers, context);
  const ProbeFit fit = fit_probe(features, targets, held_out, context);
  if (!fit.converged) context.warn("the head's fit stopped before its minimum; its probabilities may be off");
  const auto chosen = std::find_if(features.begin(), features.end(),
                                   [&](const LayerFeatures& layer) { return layer.layer == fit.head.layer; });
  const SentenceEncoderInfo& info = encoder->info();
  Json json{{"model", escape_invalid_utf8(fs::absolute(options.model).lexically_normal().string())},
            {"model_hash", base.hash()},
            {"model_type", info.model_type},
            {"num_layers", info.num_layers},
            {"pooling", "mean"},
            {"l2", fit.l2},
            {"languages", languages_json(rows)},
            {"held_out", held_out_json(options, fit.head, *chosen, rows, held_out)},
            {"layers", trials_json(fit)},
            {"training_texts", training_texts(rows, held_out)},
            {"data", std::move(data)}};
  json.update(record);
  save_probe(options.output, fit.head, json);
  return load_json(fs::path(options.output) / kProbeRecord);
}

std::string probe_summary(const Json& record) {
  const Json& held_out = record.at("held_out");
  std::string text = str_cat("layer ", record.at("layer").get<int64_t>(), " of ",
                             record.at("num_layers").get<int64_t>(), ", temperature ",
                             record.at("calibration").at("temperature").get<double>(), "\nheld-out rows:\n");
  for (const auto& [language, row] : held_out.at("languages").items()) {
    text += str_cat("  ", language, ": n ", row.at("n").get<int64_t>(), ", AUC ");
    if (row.at("auc").is_null()) {
      text += "undefined (one class)\n";
      continue;
    }
    char numbers[64];
    std::snprintf(numbers, sizeof numbers, "%.3f [%.3f, %.3f]\n", row.at("auc").get<double>(),
                  row.at("auc_ci95")[0].get<double>(), row.at("auc_ci95")[1].get<double>());
    text += numbers;
  }
  return text;
}

}  // namespace xlt
