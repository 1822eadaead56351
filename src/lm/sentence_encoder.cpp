// SPDX-License-Identifier: Apache-2.0
// Pooled hidden states. Decoders share the prefixes of texts, as in scoring; an encoder's texts lie apart.
#include "xlt/lm/sentence_encoder.h"

#include "lm/prefix_forest.h"
#include "lm/sentence_modules.h"
#include "lm/text_batches.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/tensor.h>

#include "xlt/base/error.h"
#include "xlt/checkpoint/model_source.h"
#include "xlt/models/decoder.h"
#include "xlt/models/encoder.h"

namespace xlt {

namespace {

using Vectors = std::vector<std::vector<float>>;  // of one text, by layer asked

// A batch, and where the tokens of each of its texts are.
ForestBatch pack(std::span<const std::vector<int64_t>> sequences, const std::vector<int64_t>& run,
                 bool shares_prefixes) {
  if (shares_prefixes) return pack_forest(sequences, run);
  ForestBatch out{pack_apart(sequences, run), run, {}};
  for (const Segment& segment : out.batch.segments()) {
    auto& rows = out.rows.emplace_back(static_cast<size_t>(segment.length));
    std::iota(rows.begin(), rows.end(), segment.begin);
  }
  return out;
}

// states [N, C] of a layer, the rows of a text → a vector; summed in float64, in order of the tokens.
std::vector<double> pooled(const at::Tensor& states, std::span<const int64_t> rows, PoolingMode mode) {
  if (mode == PoolingMode::kFirst) rows = rows.first(1);
  if (mode == PoolingMode::kLast) rows = rows.last(1);
  const int64_t width = states.size(1);
  const float* data = states.const_data_ptr<float>();
  std::vector<double> mean(static_cast<size_t>(width));
  for (const int64_t row : rows)
    for (int64_t i = 0; i < width; ++i) mean[i] += data[row * width + i];
  for (double& value : mean) value /= static_cast<double>(rows.size());
  return mean;
}

void normalise(std::vector<double>& vector) {
  double sum = 0;
  for (const double value : vector) sum += value * value;
  if (sum == 0) return;
  for (double& value : vector) value /= std::sqrt(sum);
}

class LayeredSentenceEncoder : public SentenceEncoder {
 public:
  LayeredSentenceEncoder(std::unique_ptr<LayeredModel> model, std::unique_ptr<Tokenizer> tokenizer,
                         SentenceEncoderInfo info, int64_t batch_tokens, const Context& context)
      : model_(std::move(model)),
        is_decoder_(dynamic_cast<const Decoder*>(model_.get()) != nullptr),
        tokenizer_(std::move(tokenizer)),
        info_(std::move(info)),
        batch_tokens_(batch_tokens),
        context_(context) {}

  const SentenceEncoderInfo& info() const override { return info_; }

  std::vector<Vectors> embed(std::span<const std::string> texts, std::span<const int64_t> layers,
                             const SentencePooling& pooling) override {
    for (const int64_t layer : layers)
      if (layer < 0 || layer > info_.num_layers)
        throw Error(ErrorKind::kUsage, str_cat("there is no layer ", layer, "; expected 0 (embeddings) … ",
                                               info_.num_layers, " (the last)"));
    const at::NoGradGuard no_grad;
    const auto sequences = encode_within(*tokenizer_, texts, info_.max_length, context_);
    std::vector<Vectors> results(texts.size());
    Progress progress = context_.progress("embedding", static_cast<int64_t>(texts.size()), "texts");
    for (const auto& run : runs(sequences)) {
      context_.throw_if_interrupted();
      const ForestBatch forest = pack(sequences, run, is_decoder_);
      for (const at::Tensor& states : model_->hidden_states(forest.batch, layers))
        add_layer(states.to(at::kCPU).to(at::kFloat).contiguous(), forest, pooling, results);
      progress.advance(static_cast<int64_t>(run.size()));
    }
    return results;
  }

 private:
  std::vector<std::vector<int64_t>> runs(const std::vector<std::vector<int64_t>>& sequences) const {
    if (!is_decoder_) return plan_runs(sequences, batch_tokens_);
    auto runs = plan_forest_runs(sequences, batch_tokens_);
    for (auto& run : runs) std::erase_if(run, [&](int64_t index) { return sequences[index].empty(); });
    std::erase_if(runs, [](const auto& run) { return run.empty(); });
    return runs;
  }

  void add_layer(const at::Tensor& states, const ForestBatch& forest, const SentencePooling& pooling,
                 std::vector<Vectors>& results) const {
    for (size_t i = 0; i < forest.sequences.size(); ++i) {
      auto vector = pooled(states, forest.rows[i], pooling.mode);
      check_finite(vector, info_.model);
      if (pooling.normalize) normalise(vector);
      results[forest.sequences[i]].emplace_back(vector.begin(), vector.end());
    }
  }

  std::unique_ptr<LayeredModel> model_;
  bool is_decoder_;
  std::unique_ptr<Tokenizer> tokenizer_;
  SentenceEncoderInfo info_;
  int64_t batch_tokens_;
  Context context_;
};

}  // namespace

std::unique_ptr<SentenceEncoder> load_sentence_encoder(const SentenceEncoderOptions& options,
                                                       const Placement& where, const Context& context) {
  const auto source = open_model_source(options.model);
  const SentenceModules modules = read_sentence_modules(options.model);
  auto tokenizer = load_tokenizer(options.model, context);
  auto model = load_layered_model(*source, where, context);
  if (!options.adapter.empty()) load_lora(*model, options.adapter);
  const ModelConfig& config = model->config();
  SentenceEncoderInfo info{.model = options.model.string(),
                           .model_type = config.model_type,
                           .num_layers = config.num_hidden_layers,
                           .hidden_size = config.hidden_size,
                           .max_length = config.max_position_embeddings,
                           .pooling = modules.pooling};
  if (modules.max_length) info.max_length = std::min(info.max_length, *modules.max_length);
  return std::make_unique<LayeredSentenceEncoder>(std::move(model), std::move(tokenizer), std::move(info),
                                                  batch_tokens_or_default(options.batch_tokens, where),
                                                  context);
}

}  // namespace xlt
