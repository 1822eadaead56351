// SPDX-License-Identifier: Apache-2.0
// A classifier on an encoder: labels from config.json, texts packed, logits → probabilities in float64.
#include "xlt/lm/text_classifier.h"

#include "lm/text_batches.h"

#include <algorithm>
#include <cmath>

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>

#include "xlt/base/error.h"
#include "xlt/base/json.h"
#include "xlt/checkpoint/model_source.h"
#include "xlt/models/encoder.h"

namespace xlt {

namespace {

std::vector<double> sigmoids(std::span<const double> logits) {
  std::vector<double> probabilities;
  for (const double logit : logits) probabilities.push_back(1 / (1 + std::exp(-logit)));
  return probabilities;
}

std::vector<double> softmax(std::span<const double> logits) {
  const double highest = *std::max_element(logits.begin(), logits.end());
  std::vector<double> probabilities;
  double sum = 0;
  for (const double logit : logits) sum += probabilities.emplace_back(std::exp(logit - highest));
  for (double& probability : probabilities) probability /= sum;
  return probabilities;
}

class EncoderClassifier : public TextClassifier {
 public:
  EncoderClassifier(std::unique_ptr<Encoder> encoder, std::unique_ptr<Tokenizer> tokenizer,
                    TextClassifierInfo info, int64_t batch_tokens, const Context& context)
      : encoder_(std::move(encoder)),
        tokenizer_(std::move(tokenizer)),
        info_(std::move(info)),
        batch_tokens_(batch_tokens),
        context_(context) {}

  const TextClassifierInfo& info() const override { return info_; }

  std::vector<std::vector<double>> classify(std::span<const std::string> texts) override {
    const at::NoGradGuard no_grad;
    const auto sequences = encode_within(*tokenizer_, texts, info_.max_length, context_);
    std::vector<std::vector<double>> results(texts.size());
    Progress progress = context_.progress("classifying", static_cast<int64_t>(texts.size()), "texts");
    for (const auto& run : plan_runs(sequences, batch_tokens_)) {
      context_.throw_if_interrupted();
      const at::Tensor logits =
          encoder_->classify(pack_apart(sequences, run)).to(at::kCPU).to(at::kDouble).contiguous();
      const std::span<const double> values(logits.const_data_ptr<double>(),
                                           static_cast<size_t>(logits.numel()));
      check_finite(values, info_.model);
      const size_t width = info_.labels.size();
      for (size_t i = 0; i < run.size(); ++i) {
        const auto row = values.subspan(i * width, width);
        results[run[i]] = info_.is_multi_label ? sigmoids(row) : softmax(row);
      }
      progress.advance(static_cast<int64_t>(run.size()));
    }
    return results;
  }

 private:
  std::unique_ptr<Encoder> encoder_;
  std::unique_ptr<Tokenizer> tokenizer_;
  TextClassifierInfo info_;
  int64_t batch_tokens_;
  Context context_;
};

// id2label, "0" … ; where there is none, as many unnamed ones as num_labels says, or two.
std::vector<std::string> read_labels(const JsonView& config) {
  std::vector<std::string> labels;
  if (!config.has("id2label")) {
    const int64_t count = config.get("num_labels", int64_t{2});
    if (count < 1 || count > 100000) config.fail(str_cat("num_labels: is ", count));
    for (int64_t i = 0; i < count; ++i) labels.push_back(str_cat("LABEL_", i));
    return labels;
  }
  const JsonView names = config.at("id2label");
  const size_t count = names.keys().size();
  for (size_t i = 0; i < count; ++i) labels.push_back(names.at(str_cat(i)).as_string());
  if (labels.empty()) names.fail("names no label");
  return labels;
}

// As transformers' text-classification pipeline decides.
bool is_multi_label(const JsonView& config, size_t num_labels) {
  const std::string problem = config.get("problem_type", "");
  if (problem == "regression")
    config.fail("problem_type: a regression head gives no probabilities; a classifier was expected");
  if (!problem.empty() && problem != "multi_label_classification" && problem != "single_label_classification")
    config.fail(str_cat("problem_type: \"", problem,
                        "\" is not known; expected single_label_classification or "
                        "multi_label_classification"));
  return problem == "multi_label_classification" || num_labels == 1;
}

}  // namespace

std::unique_ptr<TextClassifier> load_text_classifier(const TextClassifierOptions& options,
                                                     const Placement& where, const Context& context) {
  const auto source = open_model_source(options.model);
  const Json json = source->config();
  const JsonView config(json, source->config_place(), ErrorKind::kCheckpoint);
  TextClassifierInfo info;
  info.model = options.model.string();
  info.dtype = name_of(where.dtype);
  info.labels = read_labels(config);
  info.is_multi_label = is_multi_label(config, info.labels.size());
  auto tokenizer = load_tokenizer(options.model, context);
  auto encoder = load_encoder(*source, static_cast<int64_t>(info.labels.size()), where, context);
  info.model_type = encoder->config().model_type;
  info.max_length = encoder->config().max_position_embeddings;
  return std::make_unique<EncoderClassifier>(std::move(encoder), std::move(tokenizer), std::move(info),
                                             batch_tokens_or_default(options.batch_tokens, where), context);
}

}  // namespace xlt
