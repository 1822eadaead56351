// SPDX-License-Identifier: Apache-2.0
// Packed = dense: a forest of segments gives the padded dense forward's log-probabilities and LoRA gradients.
#include "xlt/models/decoder.h"

#include "models/dense_forward.h"
#include "scratch_folder.h"

#include <filesystem>
#include <functional>
#include <numeric>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "xlt/base/file.h"
#include "xlt/base/json.h"
#include "xlt/base/rng.h"
#include "xlt/checkpoint/adapter.h"
#include "xlt/checkpoint/model_source.h"
#include "xlt/checkpoint/safetensors.h"
#include "xlt/nn/kv_cache.h"
#include "xlt/nn/lora_adapter.h"
#include "xlt/nn/token_batch.h"
#include "xlt/ops/head/token_logps.h"
#include "xlt/ops/matmul/linear.h"

namespace xlt {
namespace {

using Ids = std::vector<int64_t>;
constexpr int64_t kVocab = 50;

const fs::path& scratch_folder() {
  static const ScratchFolder folder;
  return folder.path();
}

fs::path write_config(const std::string& name, const std::string& json) {
  const fs::path file = scratch_folder() / (name + ".json");
  write_file(file, json);
  return file;
}

fs::path llama_config() {
  return write_config(
      "llama",
      R"({"model_type":"llama","vocab_size":50,"hidden_size":32,"intermediate_size":48,"num_hidden_layers":3,
    "num_attention_heads":4,"num_key_value_heads":2,"rms_norm_eps":1e-6,"initializer_range":0.2,"rope_theta":10000.0,
    "rope_scaling":{"rope_type":"llama3","factor":8.0,"low_freq_factor":1.0,"high_freq_factor":4.0,"original_max_position_embeddings":16}})");
}

// A window of 4, shorter than almost every text below.
fs::path gemma_config() {
  return write_config(
      "gemma",
      R"({"model_type":"gemma3_text","vocab_size":50,"hidden_size":32,"intermediate_size":48,"num_hidden_layers":3,
    "num_attention_heads":4,"num_key_value_heads":1,"head_dim":16,"query_pre_attn_scalar":20,"sliding_window":4,"initializer_range":0.2,
    "layer_types":["sliding_attention","full_attention","sliding_attention"],"rope_theta":1000000.0,"rope_local_base_freq":10000.0})");
}

// A window of 5 in every layer.
fs::path mistral_config() {
  return write_config(
      "mistral",
      R"({"model_type":"mistral","vocab_size":50,"hidden_size":32,"intermediate_size":48,"num_hidden_layers":2,
    "num_attention_heads":4,"num_key_value_heads":2,"head_dim":8,"rms_norm_eps":1e-6,"initializer_range":0.2,"rope_theta":10000.0,
    "sliding_window":5})");
}

std::unique_ptr<Decoder> make(const fs::path& config) {
  auto decoder = make_decoder(config, kVocab, Placement{}, Rng(1));
  const at::NoGradGuard no_grad;
  Rng rng(5);
  for (const NamedParameter& parameter : decoder->parameters())  // norms away from their start
    if (parameter.tensor->dim() == 1)
      for (int64_t i = 0; i < parameter.tensor->numel(); ++i)
        parameter.tensor->mutable_data_ptr<float>()[i] += static_cast<float>(0.1 * rng.normal());
  return decoder;
}

void attach_random_lora(Decoder& decoder) {
  attach_lora(decoder, {.r = 3, .alpha = 6}, Rng(2));
  const at::NoGradGuard no_grad;
  Rng rng(9);
  for (const NamedLinear& named : decoder.linears()) {
    at::Tensor& b = lora_of(*named.linear)->b;
    for (int64_t i = 0; i < b.numel(); ++i)
      b.mutable_data_ptr<float>()[i] = static_cast<float>(0.2 * rng.normal());
  }
}

// A random forest, and each root-to-leaf path as a sequence with the batch row of each of its tokens.
struct Forest {
  TokenBatch batch;
  std::vector<Ids> sequences, rows;
};

constexpr int kLeaf = 4;

void grow(Forest& forest, Rng& rng, Ids ids, Ids rows, int64_t parent, int depth) {
  Ids own;
  for (int64_t n = 1 + rng.below(depth == 0 ? 9 : 6); n > 0; --n) own.push_back(rng.below(kVocab));
  const int64_t first = forest.batch.num_tokens();
  const int64_t segment = forest.batch.add(own, parent);
  for (size_t i = 0; i < own.size(); ++i) {
    ids.push_back(own[i]);
    rows.push_back(first + static_cast<int64_t>(i));
  }
  const int64_t children = depth >= kLeaf ? 0 : rng.below(4);
  for (int64_t child = 0; child < children; ++child) grow(forest, rng, ids, rows, segment, depth + 1);
  if (children == 0 && ids.size() > 1) {
    forest.sequences.push_back(ids);
    forest.rows.push_back(rows);
  }
}

Forest random_forest(uint64_t seed) {
  Forest forest;
  Rng rng(seed);
  if (seed % 4 == 0) {  // a prompt with many answers, longer than a tile of attention has rows
    grow(forest, rng, {}, {}, -1, kLeaf);
    const Ids ids = forest.batch.input_ids();
    Ids rows(ids.size());
    std::iota(rows.begin(), rows.end(), 0);
    forest.sequences.clear();
    forest.rows.clear();
    for (int child = 0; child < 40; ++child) grow(forest, rng, ids, rows, 0, kLeaf);
  }
  while (forest.sequences.size() < 4) grow(forest, rng, {}, {}, -1, 0);
  return forest;
}

at::Tensor packed_log_probabilities(Decoder& decoder, const Forest& forest) {
  Ids rows, targets;
  for (size_t s = 0; s < forest.sequences.size(); ++s)
    for (size_t t = 1; t < forest.sequences[s].size(); ++t) {
      rows.push_back(forest.rows[s][t - 1]);
      targets.push_back(forest.sequences[s][t]);
    }
  return ops::token_logps(decoder.forward(forest.batch, nullptr, rows), decoder.head_weight(),
                          at::tensor(targets), decoder.head_options());
}

std::vector<at::Tensor> lora_gradients(Decoder& decoder, const at::Tensor& logps) {
  std::vector<at::Tensor> gradients;
  for (const NamedLinear& named : decoder.linears())
    for (at::Tensor* tensor : {&lora_of(*named.linear)->a, &lora_of(*named.linear)->b})
      tensor->mutable_grad() = at::Tensor();
  // Weights that differ from token to token, so that no row's gradient can stand in for another's.
  const at::Tensor weights = at::linspace(-1, 1, logps.size(0)).cos();
  (logps * weights).mean().backward();
  for (const NamedLinear& named : decoder.linears()) {
    gradients.push_back(lora_of(*named.linear)->a.grad().clone());
    gradients.push_back(lora_of(*named.linear)->b.grad().clone());
  }
  return gradients;
}

class PackedEqualsDense : public testing::TestWithParam<const char*> {
 protected:
  fs::path config() const {
    const std::string name = GetParam();
    return name == "gemma" ? gemma_config() : name == "mistral" ? mistral_config() : llama_config();
  }
};

TEST_P(PackedEqualsDense, LogProbabilitiesAndLoraGradients) {
  const auto decoder = make(config());
  attach_random_lora(*decoder);
  const DenseForward dense(*decoder, load_json(config()));
  for (uint64_t seed = 0; seed < 12; ++seed) {
    const Forest forest = random_forest(seed);
    const at::Tensor expected = at::cat(dense.log_probabilities(forest.sequences));
    const auto expected_gradients = lora_gradients(*decoder, expected);
    const at::Tensor packed = packed_log_probabilities(*decoder, forest);
    EXPECT_LT((packed - expected).abs().max().item<float>(), 1e-5f) << "seed " << seed;
    const auto gradients = lora_gradients(*decoder, packed);
    for (size_t i = 0; i < gradients.size(); ++i)
      EXPECT_LT((gradients[i] - expected_gradients[i]).abs().max().item<float>(), 1e-5f)
          << "seed " << seed << ", tensor " << i;
  }
}

TEST_P(PackedEqualsDense, HiddenStatesOfEveryLayer) {
  const auto decoder = make(config());
  const DenseForward dense(*decoder, load_json(config()));
  const at::NoGradGuard no_grad;
  TokenBatch batch;
  const int64_t prompt = batch.add(Ids{3, 1, 4, 1, 5});
  batch.add(Ids{9, 2, 6, 5}, prompt);
  batch.add(Ids{8, 9}, prompt);
  const auto expected = dense.hidden_states(at::tensor({3, 1, 4, 1, 5, 8, 9}).unsqueeze(0));
  Ids layers(expected.size());
  std::iota(layers.begin(), layers.end(), 0);
  const auto states = decoder->hidden_states(batch, layers);
  ASSERT_EQ(states.size(), static_cast<size_t>(decoder->config().num_hidden_layers + 1));
  const at::Tensor rows = at::tensor({0, 1, 2, 3, 4, 9, 10});
  for (size_t i = 0; i < states.size(); ++i)
    EXPECT_LT((states[i].index_select(0, rows) - expected[i][0]).abs().max().item<float>(), 1e-5f) << i;
  EXPECT_TRUE(at::equal(decoder->forward(batch, nullptr), states.back()));
  // In the order asked, and none beyond what was asked.
  const auto some = decoder->hidden_states(batch, Ids{1, 0});
  EXPECT_TRUE(at::equal(some[0], states[1]));
  EXPECT_TRUE(at::equal(some[1], states[0]));
  EXPECT_THROW(decoder->hidden_states(batch, Ids{static_cast<int64_t>(states.size())}), Error);
}

TEST_P(PackedEqualsDense, TokenByTokenThroughTheCache) {
  const auto decoder = make(config());
  const at::NoGradGuard no_grad;
  Rng rng(4);
  Ids ids;
  for (int i = 0; i < 20; ++i) ids.push_back(rng.below(kVocab));
  TokenBatch whole;
  whole.add(ids);
  const at::Tensor expected = decoder->forward(whole, nullptr);
  // A prompt of 6 in slots 10 …, then one token at a time in slots 20 …
  const auto cache = decoder->make_cache(40);
  TokenBatch prompt;
  prompt.add_cached(std::span(ids).first(6), {}, 10);
  EXPECT_LT((decoder->forward(prompt, cache.get()) - expected.narrow(0, 0, 6)).abs().max().item<float>(),
            1e-5f);
  for (int64_t t = 6; t < 20; ++t) {
    TokenBatch step;
    std::vector<ops::Span> cached{{10, 6}};
    if (t > 6) cached.push_back({20, t - 6});
    step.add_cached(std::span(ids).subspan(t, 1), cached, 20 + t - 6);
    EXPECT_LT((decoder->forward(step, cache.get())[0] - expected[t]).abs().max().item<float>(), 1e-5f) << t;
  }
}

TEST_P(PackedEqualsDense, ARowIsTheSameBitsAloneAndInABatch) {
  const auto decoder = make(config());
  const at::NoGradGuard no_grad;
  const Forest forest = random_forest(3);
  const at::Tensor together = decoder->forward(forest.batch, nullptr);
  for (size_t s = 0; s < forest.sequences.size(); ++s) {
    TokenBatch alone;
    alone.add(forest.sequences[s]);
    EXPECT_TRUE(
        at::equal(decoder->forward(alone, nullptr), together.index_select(0, at::tensor(forest.rows[s]))))
        << s;
  }
}

// In any order, twice, or none; and what a pass appends to the cache does not depend on them.
TEST_P(PackedEqualsDense, RowsAreTheSameBitsAloneAndAmongAll) {
  const auto decoder = make(config());
  const at::NoGradGuard no_grad;
  const Forest forest = random_forest(3);
  const at::Tensor all = decoder->forward(forest.batch, nullptr);
  for (const Ids& rows : {Ids{7, 2, 2, all.size(0) - 1}, Ids{0}, Ids{}}) {
    const at::Tensor some = decoder->forward(forest.batch, nullptr, rows);
    EXPECT_EQ(some.sizes(), (Ids{static_cast<int64_t>(rows.size()), all.size(1)}));
    EXPECT_TRUE(at::equal(some, all.index_select(0, at::tensor(at::ArrayRef<int64_t>(rows), at::kLong))));
  }
  EXPECT_THROW(decoder->forward(forest.batch, nullptr, Ids{all.size(0)}), Error);

  TokenBatch prompt, next;
  prompt.add_cached(Ids{3, 1, 4, 1, 5}, {}, 0);
  next.add_cached(Ids{9}, {{0, 5}}, 5);
  const auto of_all = decoder->make_cache(6), of_one = decoder->make_cache(6);
  decoder->forward(prompt, of_all.get());
  decoder->forward(prompt, of_one.get(), Ids{4});
  EXPECT_TRUE(at::equal(decoder->forward(next, of_one.get()), decoder->forward(next, of_all.get())));
}

INSTANTIATE_TEST_SUITE_P(Families, PackedEqualsDense, testing::Values("llama", "gemma", "mistral"));

TEST(Decoder, SavedFolderLoadsToTheSameWeights) {
  const auto decoder = make(llama_config());
  const fs::path folder = scratch_folder() / "saved";
  save_model(*decoder, load_json(llama_config()), folder);
  const auto loaded = load_decoder(folder, Placement{}, Context{});
  const auto before = decoder->parameters(), after = loaded->parameters();
  ASSERT_EQ(before.size(), after.size());
  for (size_t i = 0; i < before.size(); ++i)
    EXPECT_TRUE(at::equal(*before[i].tensor, *after[i].tensor)) << before[i].name;
}

// Wide enough that weights in half precision are multiplied as they lie.
fs::path wide_config() {
  return write_config(
      "wide",
      R"({"model_type":"llama","vocab_size":50,"hidden_size":160,"intermediate_size":201,"num_hidden_layers":2,
    "num_attention_heads":4,"num_key_value_heads":2,"rms_norm_eps":1e-6,"initializer_range":0.1,"rope_theta":10000.0})");
}

// A folder of bfloat16 weights.
fs::path narrow_folder(const fs::path& config) {
  const auto decoder = make_decoder(config, kVocab, {.dtype = DType::kBFloat16}, Rng(1));
  const fs::path folder = scratch_folder() / "narrow";
  save_model(*decoder, load_json(config), folder);
  return folder;
}

TEST(LoadDecoder, UnderFloat32MatricesStayInBfloat16AndGiveTheBitsOfTheirFloat32Values) {
  if (!ops::reads_half_weights()) GTEST_SKIP() << "no AVX2";
  for (const fs::path& config : {wide_config(), gemma_config()}) {
    const fs::path folder = narrow_folder(config);
    const auto decoder = load_decoder(folder, Placement{}, Context{}),
               wide = load_decoder(folder, Placement{}, Context{});
    for (const NamedParameter& parameter : wide->parameters()) {
      EXPECT_EQ(parameter.tensor->scalar_type(), parameter.tensor->dim() == 2 ? at::kBFloat16 : at::kFloat);
      *parameter.tensor = parameter.tensor->to(at::kFloat);
    }
    attach_random_lora(*decoder);
    attach_random_lora(*wide);
    const Forest forest = random_forest(3);
    const at::Tensor result = packed_log_probabilities(*decoder, forest),
                     expected = packed_log_probabilities(*wide, forest);
    EXPECT_TRUE(at::equal(result, expected));
    const auto gradients = lora_gradients(*decoder, result),
               expected_gradients = lora_gradients(*wide, expected);
    for (size_t i = 0; i < gradients.size(); ++i)
      EXPECT_TRUE(at::equal(gradients[i], expected_gradients[i])) << i;
    EXPECT_EQ(decoder->make_cache(8)->keys(0).scalar_type(), at::kFloat);
  }
}

// What changes or saves weights goes by the dtype that was asked for.
TEST(LoadDecoder, MatricesThatStayedInBfloat16AreMergedTrainedAndSavedInFloat32) {
  const fs::path folder = narrow_folder(llama_config()), saved = scratch_folder() / "widened";
  const auto load = [&] { return load_decoder(folder, Placement{}, Context{}); };
  const auto merged = load(), trained = load();
  attach_random_lora(*merged);
  for (const auto& [name, error] : merge_lora(*merged)) EXPECT_EQ(error, 0) << name;
  save_model(*merged, load_json(llama_config()), saved);
  const auto weights = open_model_source(saved)->weights();
  for (const std::string& name : weights->names())
    EXPECT_EQ(weights->get(name).scalar_type(), at::kFloat) << name;
  EXPECT_EQ(load_json(saved / "config.json").at("dtype"), "float32");
  train_all_weights(*trained);
  for (const NamedParameter& parameter : trained->parameters()) {
    EXPECT_EQ(parameter.tensor->scalar_type(), at::kFloat) << parameter.name;
    EXPECT_TRUE(parameter.tensor->requires_grad()) << parameter.name;
  }
}

TEST(Decoder, AdaptersRoundTripAndMergeChangesNothing) {
  const auto decoder = make(gemma_config());
  attach_random_lora(*decoder);
  const fs::path folder = scratch_folder() / "adapter";
  save_lora(*decoder, folder, "base");
  const auto other = make(gemma_config());
  load_lora(*other, folder);
  const at::NoGradGuard no_grad;
  TokenBatch batch;
  batch.add(Ids{3, 1, 4, 1, 5, 9});
  const at::Tensor expected = decoder->forward(batch, nullptr);
  EXPECT_TRUE(at::equal(other->forward(batch, nullptr), expected));
  EXPECT_EQ(merge_lora(*other).size(), other->linears().size());
  EXPECT_LT((other->forward(batch, nullptr) - expected).abs().max().item<float>(), 1e-4f);
  set_lora_enabled(*decoder, false);
  EXPECT_GT((decoder->forward(batch, nullptr) - expected).abs().max().item<float>(), 1e-2f);
}

std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

TEST(LoadDecoder, StopsWhenAsked) {
  const fs::path folder = scratch_folder() / "stops";
  make_folders(folder);
  save_model(*make(llama_config()), load_json(llama_config()), folder);
  const std::atomic<bool> interrupted{true};
  Context context;
  context.interrupted_flag = &interrupted;
  for (const auto& load :
       {std::function([&] { load_decoder(folder, Placement{}, context); }),
        std::function([&] { make_decoder(llama_config(), kVocab, Placement{}, Rng(1), context); })}) {
    try {
      load();
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kInterrupted);
    }
  }
}

TEST(LoadDecoder, NamesWhatIsMissingMisshapenOrUnknown) {
  const fs::path folder = scratch_folder() / "faulty";
  const auto decoder = make(llama_config());
  Json config = load_json(llama_config());
  save_model(*decoder, config, folder);
  const auto load = [&] { load_decoder(folder, Placement{}, Context{}); };

  config["hidden_size"] = 64;
  config["head_dim"] = 8;
  write_file(folder / "config.json", dump_json(config));
  EXPECT_NE(message_of(load).find("model.embed_tokens.weight"), std::string::npos);

  config["model_type"] = "lama";
  write_file(folder / "config.json", dump_json(config));
  EXPECT_NE(message_of(load).find("did you mean \"llama\""), std::string::npos) << message_of(load);

  config.erase("model_type");
  write_file(folder / "config.json", dump_json(config));
  EXPECT_NE(message_of(load).find("model_type"), std::string::npos);

  config = load_json(llama_config());
  write_file(folder / "config.json", dump_json(config));
  std::vector<std::pair<std::string, at::Tensor>> tensors;
  for (const NamedParameter& parameter : decoder->parameters())
    if (parameter.name != "model.norm.weight") tensors.emplace_back(parameter.name, *parameter.tensor);
  save_safetensors(folder / "model.safetensors", tensors);
  EXPECT_NE(message_of(load).find("model.norm.weight"), std::string::npos);
}

// A checkpoint that is tied by its config but holds a head: the head counts where it differs, as in
// transformers.
TEST(LoadDecoder, AStoredHeadUnderATiedConfigIsUsedWhereItDiffers) {
  const fs::path folder = scratch_folder() / "own_head";
  const auto decoder = make(gemma_config());
  save_model(*decoder, load_json(gemma_config()), folder);
  const auto save = [&](const at::Tensor& head) {
    std::vector<std::pair<std::string, at::Tensor>> tensors{{"lm_head.weight", head}};
    for (const NamedParameter& parameter : decoder->parameters())
      tensors.emplace_back(parameter.name, *parameter.tensor);
    save_safetensors(folder / "model.safetensors", tensors);
  };
  save(decoder->head_weight());
  EXPECT_TRUE(load_decoder(folder, Placement{}, Context{})->config().tie_word_embeddings);
  save(decoder->head_weight() + 1);
  const auto loaded = load_decoder(folder, Placement{}, Context{});
  EXPECT_TRUE(at::equal(loaded->head_weight(), decoder->head_weight() + 1));
  const fs::path again = scratch_folder() / "own_head_saved";
  save_model(*loaded, load_json(folder / "config.json"), again);
  EXPECT_FALSE(load_json(again / "config.json").at("tie_word_embeddings").get<bool>());
  EXPECT_TRUE(at::equal(load_decoder(again, Placement{}, Context{})->head_weight(), loaded->head_weight()));
}

TEST(LoadLora, AnAdapterOfTheHeadIsRefusedForWhatItIs) {
  const auto decoder = make(llama_config());
  const fs::path folder = scratch_folder() / "head_adapter";
  Adapter adapter{.config = {.r = 2}};
  adapter.modules["lm_head"] = {at::zeros({2, 32}), at::zeros({kVocab, 2})};
  save_adapter(folder, adapter);
  EXPECT_NE(message_of([&] { load_lora(*decoder, folder); }).find("changes the output head (lm_head)"),
            std::string::npos);
}

TEST(Decoder, ATokenBeyondTheVocabularyIsNoInternalError) {
  const auto decoder = make(llama_config());
  TokenBatch batch;
  batch.add(Ids{3, kVocab});
  try {
    decoder->forward(batch, nullptr);
    ADD_FAILURE() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kCheckpoint);
  }
  EXPECT_THROW(decoder->check_tokens(Ids{-1}), Error);
  EXPECT_NO_THROW(decoder->check_tokens(Ids{0, kVocab - 1}));
}

}  // namespace
}  // namespace xlt
