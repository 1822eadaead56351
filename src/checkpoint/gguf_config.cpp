// SPDX-License-Identifier: Apache-2.0
// A GGUF's metadata → config.json, in the layout that transformers 4 and 5 both read. What the file leaves
// out llama.cpp knows by heart, and so it stands here.
#include "checkpoint/gguf_architecture.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>

#include "xlt/base/error.h"

namespace xlt {

namespace {

// Metadata of one architecture: "llama.block_count" is `block_count` here.
class Keys {
 public:
  Keys(const Gguf& gguf, const GgufArchitecture& architecture)
      : gguf_(gguf), prefix_(str_cat(architecture.name, ".")) {}
  std::string full(const char* key) const { return prefix_ + key; }
  bool has(const char* key) const { return gguf_.has(full(key)); }
  int64_t integer(const char* key) const { return gguf_.integer(full(key)); }
  int64_t integer(const char* key, int64_t fallback) const { return gguf_.integer(full(key), fallback); }
  double number(const char* key) const { return gguf_.number(full(key)); }
  double number(const char* key, double fallback) const { return gguf_.number(full(key), fallback); }
  std::string text(const char* key, const char* fallback) const { return gguf_.text(full(key), fallback); }
  [[noreturn]] void fail(const char* key, const std::string& message) const {
    gguf_.fail(full(key), message);
  }

 private:
  const Gguf& gguf_;
  std::string prefix_;
};

const GgufTensor& embedding_of(const Gguf& gguf) {
  const GgufTensor* tensor = gguf.find("token_embd.weight");
  if (!tensor || tensor->shape.size() != 2)
    gguf.fail("token_embd.weight", "this tensor is missing or no matrix: the file holds no language model");
  return *tensor;
}

void refuse_experts(const Keys& keys) {
  if (keys.integer("expert_count", 0) > 0)
    keys.fail("expert_count", "mixtures of experts are not supported in this version");
}

void add_sizes(const Gguf& gguf, const Keys& keys, Json& config) {
  const int64_t hidden = keys.integer("embedding_length"), heads = keys.integer("attention.head_count");
  if (heads < 1) keys.fail("attention.head_count", "must be at least 1");
  config["vocab_size"] = embedding_of(gguf).shape[0];
  config["hidden_size"] = hidden;
  config["num_hidden_layers"] = keys.integer("block_count");
  config["intermediate_size"] = keys.integer("feed_forward_length");
  config["num_attention_heads"] = heads;
  config["num_key_value_heads"] = keys.integer("attention.head_count_kv", heads);
  const int64_t head_dim = keys.integer("attention.key_length", hidden / heads);
  config["head_dim"] = head_dim;
  if (const int64_t size = keys.integer("attention.value_length", head_dim); size != head_dim)
    keys.fail("attention.value_length",
              str_cat("is ", size, ", and keys have ", head_dim, "; they must be the same"));
  if (const int64_t turned = keys.integer("rope.dimension_count", head_dim); turned != head_dim)
    keys.fail("rope.dimension_count", str_cat("turns ", turned, " of a head's ", head_dim,
                                              " elements; only whole heads are supported"));
  config["max_position_embeddings"] = keys.integer("context_length");
  config["rms_norm_eps"] = keys.number("attention.layer_norm_rms_epsilon");
  config["tie_word_embeddings"] = gguf.find("output.weight") == nullptr;
}

void add_tokens(const Gguf& gguf, Json& config) {
  constexpr std::pair<const char*, const char*> kTokens[] = {
      {"bos_token_id", "tokenizer.ggml.bos_token_id"},
      {"eos_token_id", "tokenizer.ggml.eos_token_id"},
      {"pad_token_id", "tokenizer.ggml.padding_token_id"}};
  for (const auto& [name, key] : kTokens)
    if (gguf.has(key)) config[name] = gguf.integer(key);
}

// What Llama 3.1 divides the rate of each pair of elements by: 1 for short wavelengths, `factor` for long
// ones.
constexpr double kLowFactor = 1, kHighFactor = 4;
double llama3_divisor(double wavelength, double factor, double original) {
  if (wavelength < original / kHighFactor) return 1;
  if (wavelength > original / kLowFactor) return factor;
  const double smooth = (original / wavelength - kLowFactor) / (kHighFactor - kLowFactor);
  return 1 / ((1 - smooth) / factor + smooth);
}

bool are_llama3_divisors(const std::vector<float>& given, double theta, double factor, double original) {
  for (size_t i = 0; i < given.size(); ++i) {
    const double wavelength =
        2 * std::numbers::pi * std::pow(theta, static_cast<double>(i) / static_cast<double>(given.size()));
    const double expected = llama3_divisor(wavelength, factor, original);
    if (!(std::abs(given[i] - expected) <= 1e-3 * expected)) return false;
  }
  return true;
}

// The file holds the divisors themselves, config.json what they come from: the length of the texts that the
// model was first trained on, a power of two, and the factor.
Json llama3_scaling(const Gguf& gguf, const GgufTensor& divisors, double theta, int64_t head_dim) {
  constexpr const char* kName = "rope_freqs.weight";
  if (divisors.type_name != "F32" || divisors.shape != std::vector<int64_t>{head_dim / 2})
    gguf.fail(kName, str_cat("expected ", head_dim / 2, " numbers of type F32"));
  std::vector<float> given(static_cast<size_t>(head_dim / 2));
  std::memcpy(given.data(), divisors.data.data(), divisors.data.size());
  const double factor = given.empty() ? 1.0 : *std::max_element(given.begin(), given.end());
  std::vector<int64_t> originals{8192};  // Llama's own before any other that gives the same
  for (int64_t length = 2; length <= 1 << 20; length *= 2) originals.push_back(length);
  for (const int64_t original : originals)
    if (are_llama3_divisors(given, theta, factor, static_cast<double>(original)))
      return {{"rope_type", "llama3"},
              {"factor", factor},
              {"low_freq_factor", kLowFactor},
              {"high_freq_factor", kHighFactor},
              {"original_max_position_embeddings", original}};
  gguf.fail(kName, "is not Llama 3's scaling of positions; another one is not supported");
}

// Keys of config.json under llama.cpp's names for them; what the file leaves out both know alike.
Json yarn_scaling(const Keys& keys) {
  const double factor = keys.number("rope.scaling.factor");
  if (!(factor > 0)) keys.fail("rope.scaling.factor", "must be above 0");
  Json scaling = {{"rope_type", "yarn"}, {"factor", factor}};
  scaling["original_max_position_embeddings"] =
      keys.integer("rope.scaling.original_context_length", keys.integer("context_length"));
  scaling["beta_fast"] = keys.number("rope.scaling.yarn_beta_fast", 32);
  scaling["beta_slow"] = keys.number("rope.scaling.yarn_beta_slow", 1);
  // The file's is a further factor beside the one that follows from the stretch.
  if (keys.has("rope.scaling.attn_factor"))
    scaling["attention_factor"] =
        keys.number("rope.scaling.attn_factor") * (factor > 1 ? 0.1 * std::log(factor) + 1 : 1.0);
  return scaling;
}

void add_rope(const Gguf& gguf, const Keys& keys, Json& config, double theta) {
  theta = keys.number("rope.freq_base", theta);
  config["rope_theta"] = theta;
  const std::string kind = keys.text("rope.scaling.type", "none");
  if (kind == "linear") {
    config["rope_scaling"] = {{"rope_type", "linear"}, {"factor", keys.number("rope.scaling.factor")}};
  } else if (kind == "yarn") {
    config["rope_scaling"] = yarn_scaling(keys);
  } else if (kind != "none") {
    keys.fail("rope.scaling.type", str_cat("\"", kind, "\" is not supported; supported: none, linear, yarn"));
  } else if (const double factor = keys.number("rope.scale_linear", 1); factor != 1) {  // of older files
    config["rope_scaling"] = {{"rope_type", "linear"}, {"factor", factor}};
  }
  const GgufTensor* divisors = gguf.find("rope_freqs.weight");
  if (divisors && divisors->type)
    config["rope_scaling"] = llama3_scaling(gguf, *divisors, theta, config.at("head_dim").get<int64_t>());
}

void add_llama(const Gguf& gguf, const GgufArchitecture& architecture, const Keys& keys, Json& config) {
  config["hidden_act"] = "silu";
  add_rope(gguf, keys, config, 10000);
  if (architecture.names_biases) {
    config["attention_bias"] = gguf.find("blk.0.attn_output.bias") != nullptr;
    config["mlp_bias"] = gguf.find("blk.0.ffn_down.bias") != nullptr;
  } else {
    config["use_sliding_window"] = false;
  }
}

// Scores are divided by this number's root. The largest model of each generation takes hidden size a head.
int64_t query_scalar(const Keys& keys, const Json& config, int64_t largest_depth) {
  if (keys.has("attention.scale")) {
    const double scale = keys.number("attention.scale");
    if (!(scale > 0)) keys.fail("attention.scale", "must be above 0");
    return std::llround(1 / (scale * scale));
  }
  const bool is_largest = config.at("num_hidden_layers").get<int64_t>() == largest_depth;
  return is_largest
             ? config.at("hidden_size").get<int64_t>() / config.at("num_attention_heads").get<int64_t>()
             : config.at("head_dim").get<int64_t>();
}

// Which layers see a window only: told one by one, by a number, or every layer but each sixth.
void add_windows(const Gguf& gguf, const Keys& keys, Json& config) {
  constexpr const char* kKey = "attention.sliding_window_pattern";
  if (!gguf.is_array(keys.full(kKey))) {
    config["sliding_window_pattern"] = keys.integer(kKey, 6);
    return;
  }
  config["layer_types"] = Json::array();
  for (const double has_window : gguf.numbers(keys.full(kKey)))
    config["layer_types"].push_back(has_window != 0 ? "sliding_attention" : "full_attention");
}

void add_gemma(const Gguf& gguf, const Keys& keys, Json& config) {
  const std::string model_type = config.at("model_type");
  config["hidden_activation"] = "gelu_pytorch_tanh";
  config["hidden_act"] = "gelu_pytorch_tanh";
  config["attention_bias"] = false;
  if (model_type == "gemma") return add_rope(gguf, keys, config, 10000);
  config["sliding_window"] = keys.integer("attention.sliding_window", 4096);
  const auto cap = [&](const char* key, double fallback) -> Json {
    const double value = keys.number(key, fallback);
    return value > 0 ? Json(value) : Json();
  };
  if (model_type == "gemma2") {
    add_rope(gguf, keys, config, 10000);
    config["query_pre_attn_scalar"] = query_scalar(keys, config, 46);
    config["attn_logit_softcapping"] = cap("attn_logit_softcapping", 50);
    config["final_logit_softcapping"] = cap("final_logit_softcapping", 30);
    return;
  }
  add_rope(gguf, keys, config, 1e6);
  config["rope_local_base_freq"] = keys.number("rope.freq_base_swa", 10000);
  add_windows(gguf, keys, config);
  config["query_pre_attn_scalar"] = query_scalar(keys, config, 62);
  config["attn_logit_softcapping"] = cap("attn_logit_softcapping", 0);
  config["final_logit_softcapping"] = cap("final_logit_softcapping", 0);
}

// Quantised weights have no dtype of the list: half of float32's bits are the usual one.
const char* dtype_of(const Gguf& gguf) {
  const std::string& type = embedding_of(gguf).type_name;
  return type == "F32" ? "float32" : type == "F16" ? "float16" : "bfloat16";
}

}  // namespace

Json config_of_gguf(const Gguf& gguf) {
  const GgufArchitecture& architecture = architecture_of(gguf);
  const Keys keys(gguf, architecture);
  if (gguf.integer("split.count", 1) > 1)
    gguf.fail("split.count", str_cat("the file is one of ", gguf.integer("split.count"),
                                     " parts; join them first: llama-gguf-split --merge FIRST OUTPUT"));
  refuse_experts(keys);
  Json config = {{"architectures", Json::array({architecture.class_name})},
                 {"model_type", architecture.model_type}};
  add_sizes(gguf, keys, config);
  add_tokens(gguf, config);
  if (architecture.adds_one)
    add_gemma(gguf, keys, config);
  else
    add_llama(gguf, architecture, keys, config);
  config["initializer_range"] = 0.02;
  config["dtype"] = dtype_of(gguf);
  return config;
}

}  // namespace xlt
