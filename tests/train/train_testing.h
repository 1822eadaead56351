// SPDX-License-Identifier: Apache-2.0
// What the trainer's tests share: a tokenizer whose merges are plain to see, a decoder of two matrices,
// records, folders.
#pragma once

#include "models/layer_pass.h"
#include "models/part_visitor.h"
#include "scratch_folder.h"

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/tanh.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/json.h"
#include "xlt/base/rng.h"
#include "xlt/models/decoder.h"
#include "xlt/nn/linear.h"
#include "xlt/nn/lora_adapter.h"
#include "xlt/nn/token_batch.h"
#include "xlt/text/tokenizer.h"
#include "xlt/train/trainer.h"

namespace xlt {

// A letter is its ASCII code; "ab" is one token, 128. BOS 1 goes before a text, EOS is 2.
class LetterTokenizer : public Tokenizer {
 public:
  static constexpr int64_t kBos = 1, kEos = 2, kAb = 128;
  std::vector<int64_t> encode(std::string_view text, SpecialTokens special) const override {
    std::vector<int64_t> ids;
    if (special == SpecialTokens::kAdd) ids.push_back(kBos);
    for (size_t i = 0; i < text.size(); ++i) {
      const bool merged = text.substr(i, 2) == "ab";
      ids.push_back(merged ? kAb : text[i] == '$' ? kEos : static_cast<int64_t>(text[i]));
      if (merged) ++i;
    }
    return ids;
  }
  std::string decode(std::span<const int64_t>) const override { return {}; }
  int64_t vocab_size() const override { return 129; }
  std::optional<int64_t> bos_id() const override { return kBos; }
  std::optional<int64_t> eos_id() const override { return eos_; }
  std::optional<int64_t> token_to_id(std::string_view) const override { return std::nullopt; }
  std::vector<int64_t> prefix_ids() const override { return {kBos}; }
  std::vector<int64_t> suffix_ids() const override { return {}; }
  void forget_eos() { eos_.reset(); }

 private:
  std::optional<int64_t> eos_ = kEos;
};

inline at::Tensor random_tensor(at::IntArrayRef shape, Rng rng, double scale = 0.5) {
  at::Tensor tensor = at::zeros(shape, at::kFloat);
  float* data = tensor.mutable_data_ptr<float>();
  for (int64_t i = 0; i < tensor.numel(); ++i) data[i] = static_cast<float>(scale * rng.normal());
  return tensor;
}

// hidden = tanh(projection(embedding[token])): the next token depends on the last one alone.
class BigramDecoder : public Decoder {
 public:
  BigramDecoder() : Decoder(config_of()) {
    embedding_ = random_tensor({129, 8}, Rng(1));
    projection_ = Linear(random_tensor({8, 8}, Rng(2)));
    head_ = random_tensor({129, 8}, Rng(3));
  }
  const at::Tensor& head_weight() const override { return head_; }
  std::string head_name() const override { return "head.weight"; }
  void untie_head() override {}
  Linear& projection() { return projection_; }
  at::Tensor& embedding() { return embedding_; }

  mutable int64_t num_tokens_seen = 0, num_forwards = 0, num_layers_run = 0;
  std::function<void()> on_forward;

 protected:
  LayerState embed(const TokenBatch& batch) const override {
    num_tokens_seen += batch.num_tokens();
    ++num_forwards;
    if (on_forward) on_forward();
    const at::Tensor ids = at::tensor(at::ArrayRef<int64_t>(batch.input_ids()), at::kLong);
    return {at::index_select(embedding_, 0, ids), {}};
  }
  LayerState layer(int64_t index, LayerState state, LayerPass& pass) const override {
    ++num_layers_run;
    return {pass.kept(at::tanh(projection_.forward(state.x, pass.dropout)), index), {}};
  }
  at::Tensor final_norm(LayerState state) const override { return state.x; }
  void visit(PartVisitor& visitor) override {
    visitor.tensor("embedding.weight", embedding_, TensorRole::kEmbedding);
    visitor.linear("projection", projection_);
    visitor.tensor("head.weight", head_, TensorRole::kMatrix);
  }

 private:
  static ModelConfig config_of() {
    ModelConfig config;
    config.vocab_size = 129;
    config.hidden_size = 8;
    config.num_hidden_layers = 1;
    return config;
  }
  at::Tensor embedding_, head_;
  Linear projection_;
};

inline const fs::path& scratch_folder() {
  static const ScratchFolder folder;
  return folder.path();
}

inline fs::path fresh_folder(const std::string& name) {
  const fs::path folder = scratch_folder() / name;
  fs::remove_all(folder);
  fs::create_directories(folder);
  return folder;
}

inline std::vector<SftRecord> letter_texts(int64_t count) {
  std::vector<SftRecord> records;
  Rng rng(77);
  for (int64_t i = 0; i < count; ++i) {
    SftRecord record;
    for (int64_t n = 3 + rng.below(8); n > 0; --n) record.completion += static_cast<char>('c' + rng.below(6));
    record.place = str_cat("texts.jsonl:", i + 1);
    records.push_back(record);
  }
  return records;
}

inline std::vector<PreferenceRecord> letter_pairs(int64_t count) {
  std::vector<PreferenceRecord> records;
  const auto texts = letter_texts(3 * count);
  for (int64_t i = 0; i < count; ++i)
    records.push_back({texts[3 * i].completion, texts[3 * i + 1].completion, texts[3 * i + 2].completion,
                       str_cat("pairs.jsonl:", i + 1)});
  return records;
}

// A decoder with an adapter and a job around it.
struct TrainFixture {
  LetterTokenizer tokenizer;
  BigramDecoder decoder;
  TrainJob job;
  TrainerOptions options;

  explicit TrainFixture(const std::string& folder, double dropout = 0)
      : TrainFixture(folder, dropout, /*clean=*/true) {}
  TrainFixture(const std::string& folder, double dropout, bool clean) {
    attach_lora(decoder, {.r = 2, .alpha = 4, .dropout = dropout}, Rng(4));
    job.decoder = &decoder;
    job.tokenizer = &tokenizer;
    job.seed = 5;
    job.output = clean ? fresh_folder(folder) : scratch_folder() / folder;
    job.base_model = "bigram";
    options.learning_rate = 0.05;
    options.lr_schedule = "constant";
  }
  TrainResult run(const Context& context = {}) { return train(job, options, context); }
  std::vector<Json> metrics() const {
    std::vector<Json> rows;
    LineReader lines(job.output / "metrics.jsonl");
    while (auto line = lines.next()) rows.push_back(parse_json(*line, "metrics"));
    return rows;
  }
  std::vector<double> losses(const std::string& split = "train") const {
    std::vector<double> losses;
    for (const Json& row : metrics())
      if (row.at("split") == split) losses.push_back(row.at("loss").get<double>());
    return losses;
  }
  std::vector<float> adapter_values() const {
    std::vector<float> values;
    const LoraAdapter& adapter = *lora_of(const_cast<BigramDecoder&>(decoder).projection());
    for (const at::Tensor* tensor : {&adapter.a, &adapter.b})
      values.insert(values.end(), tensor->const_data_ptr<float>(),
                    tensor->const_data_ptr<float>() + tensor->numel());
    return values;
  }
};

// B away from zero: the adapter as it begins is no longer the base model.
inline void move_adapter(TrainFixture& fixture) {
  const at::NoGradGuard no_grad;
  lora_of(fixture.decoder.projection())->b.copy_(random_tensor({8, 2}, Rng(6)));
}

}  // namespace xlt
