// SPDX-License-Identifier: Apache-2.0
// A probe's folder, and the probe as a classifier.
#include "xlt/lm/probe.h"

#include <cmath>

#include <ATen/core/Tensor.h>
#include <ATen/ops/tensor.h>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/json.h"
#include "xlt/checkpoint/safetensors.h"

namespace xlt {

namespace {

constexpr const char* kWeightsFile = "probe.safetensors";
constexpr int64_t kVersion = 1;

std::vector<double> read_vector(const SafetensorsReader& file, const char* name, int64_t size) {
  if (file.dtype(name) != "F64" || file.shape(name) != std::vector<int64_t>{size})
    throw Error(ErrorKind::kCheckpoint,
                str_cat("\"", name, "\" is no float64 tensor of ", size, " elements, which probe.json names"),
                file.place(name));
  const at::Tensor tensor = file.get(name);
  std::vector<double> values(tensor.const_data_ptr<double>(), tensor.const_data_ptr<double>() + size);
  for (const double value : values)
    if (!std::isfinite(value))
      throw Error(ErrorKind::kCheckpoint, str_cat("\"", name, "\" holds a value that is no number"),
                  file.place(name));
  return values;
}

class ProbeClassifier final : public TextClassifier {
 public:
  ProbeClassifier(ProbeHead head, std::unique_ptr<SentenceEncoder> encoder)
      : head_(std::move(head)), encoder_(std::move(encoder)) {
    const SentenceEncoderInfo& model = encoder_->info();
    info_ = {.model = model.model, .model_type = model.model_type, .labels = {"positive"}};
    info_.is_multi_label = true;
    info_.max_length = model.max_length;
    const auto width = static_cast<int64_t>(head_.weights.size());
    if (head_.layer > model.num_layers || width != model.hidden_size)
      throw Error(ErrorKind::kCheckpoint,
                  str_cat("the probe reads layer ", head_.layer, " of ", width,
                          " numbers a token; this model has layers 0 … ", model.num_layers, " of ",
                          model.hidden_size, ": another one than the probe was trained on"),
                  model.model);
  }
  std::vector<std::vector<double>> classify(std::span<const std::string> texts) override {
    const int64_t layer = head_.layer;
    std::vector<std::vector<double>> rows;
    for (const auto& vectors : encoder_->embed(texts, {&layer, 1}, {PoolingMode::kMean, false})) {
      auto& row = rows.emplace_back();
      if (!vectors.empty()) row.push_back(head_.probability(vectors[0]));
    }
    return rows;
  }
  const TextClassifierInfo& info() const override { return info_; }

 private:
  ProbeHead head_;
  std::unique_ptr<SentenceEncoder> encoder_;
  TextClassifierInfo info_;
};

}  // namespace

double ProbeHead::logit(std::span<const float> mean) const {
  XLT_CHECK(mean.size() == weights.size(), mean.size(), " for ", weights.size(), " weights");
  double sum = intercept;
  for (size_t i = 0; i < weights.size(); ++i) sum += weights[i] * mean[i];
  return sum / temperature;
}

double ProbeHead::probability(std::span<const float> mean) const { return 1 / (1 + std::exp(-logit(mean))); }

std::string text_mark(const std::string& text) { return sha256(text).substr(0, kTextMark); }

std::set<std::string> training_texts_of(const Json& record) {
  const Json texts = record.value("training_texts", Json());
  const std::string all = texts.is_string() ? texts.get<std::string>() : "";
  std::set<std::string> marks;
  for (size_t begin = 0; begin + kTextMark <= all.size(); begin += kTextMark)
    marks.insert(all.substr(begin, kTextMark));
  return marks;
}

void save_probe(const fs::path& folder, const ProbeHead& head, Json record) {
  make_folders(folder);
  const auto width = static_cast<int64_t>(head.weights.size());
  save_safetensors(folder / kWeightsFile, {{"weight", at::tensor(head.weights, at::kDouble)},
                                           {"bias", at::tensor({head.intercept}, at::kDouble)}});
  Json json{{"version", kVersion},
            {"layer", head.layer},
            {"hidden_size", width},
            {"calibration", {{"kind", "temperature"}, {"temperature", head.temperature}}},
            {"weights_sha256", sha256_of_file(folder / kWeightsFile)}};
  json.update(record);
  write_file(folder / kProbeRecord, dump_json(json, 1) + "\n");
}

SavedProbe load_probe(const fs::path& folder) {
  const fs::path file = folder / kProbeRecord;
  if (!fs::is_regular_file(file))
    throw Error(ErrorKind::kIo, "no probe.json is there; expected a folder that `xlt probe` wrote",
                folder.string());
  auto json = std::make_shared<const Json>(load_json(file, ErrorKind::kCheckpoint));
  const JsonView view(*json, file.string(), ErrorKind::kCheckpoint);
  if (view.at("version").as_int() != kVersion)
    view.at("version").fail(str_cat("is ", view.at("version").as_int(), "; this version reads ", kVersion));
  if (view.has("pooling") && view.at("pooling").as_string() != "mean")
    view.at("pooling").fail("is not known; expected \"mean\", what a probe is trained on");
  ProbeHead head;
  head.layer = view.at("layer").as_int();
  if (head.layer < 0) view.at("layer").fail("is below 0");
  const JsonView calibration = view.at("calibration");
  if (calibration.at("kind").as_string() != "temperature")
    calibration.at("kind").fail("is not known; expected \"temperature\"");
  head.temperature = calibration.at("temperature").as_double();
  if (!(head.temperature > 0)) calibration.at("temperature").fail("must be above 0");
  const int64_t width = view.at("hidden_size").as_int();
  if (width < 1) view.at("hidden_size").fail("must be above 0");
  const fs::path weights = folder / kWeightsFile;
  if (!fs::is_regular_file(weights))
    throw Error(ErrorKind::kIo, "is missing beside probe.json", weights.string());
  if (sha256_of_file(weights) != view.at("weights_sha256").as_string())
    throw Error(ErrorKind::kCheckpoint,
                "is not the file that probe.json was written for (weights_sha256); train the probe again",
                weights.string());
  const SafetensorsReader tensors = SafetensorsReader::open(weights);
  head.weights = read_vector(tensors, "weight", width);
  head.intercept = read_vector(tensors, "bias", 1)[0];
  return {std::move(head), std::move(json)};
}

std::unique_ptr<TextClassifier> make_probe_classifier(ProbeHead head,
                                                      std::unique_ptr<SentenceEncoder> encoder) {
  return std::make_unique<ProbeClassifier>(std::move(head), std::move(encoder));
}

}  // namespace xlt
