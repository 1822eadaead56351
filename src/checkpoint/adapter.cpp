// SPDX-License-Identifier: Apache-2.0
// PEFT's folder format for LoRA (peft 0.21, `LoraConfig`).
#include "xlt/checkpoint/adapter.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <string_view>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/json.h"
#include "xlt/checkpoint/safetensors.h"

namespace xlt {

namespace {

constexpr const char* kConfigName = "adapter_config.json";
constexpr const char* kWeightsName = "adapter_model.safetensors";
constexpr std::string_view kPrefix = "base_model.model.";
constexpr std::string_view kSuffixA = ".lora_A.weight", kSuffixB = ".lora_B.weight";
constexpr std::string_view kSuffixMagnitude = ".lora_magnitude_vector";

// Options that change what an adapter computes and that we do not apply; refused where set (not null, false
// or empty).
struct Refused {
  const char *key, *why;
};
constexpr Refused kRefused[] = {{"rank_pattern", "some modules have another rank than r"},
                                {"alpha_pattern", "some modules have another factor than lora_alpha gives"},
                                {"modules_to_save", "whole modules were trained beside the adapter"},
                                {"lora_bias", "the adapter's B has a bias"},
                                {"layer_replication", "the model's layers are repeated"},
                                {"trainable_token_indices", "embeddings of some tokens were trained"},
                                {"target_parameters", "it adapts tensors that are no linear layer's"},
                                {"use_qalora", "QALoRA pools the adapter's input"},
                                {"use_bdlora", "the adapter's matrices are in blocks"},
                                {"arrow_config", "Arrow chooses among several adapters for every token"},
                                {"alora_invocation_tokens", "aLoRA is on only after certain tokens"},
                                {"velora_config", "VeLoRA changes how gradients are kept"},
                                {"ensure_weight_tying", "the head shares the embedding's adapter"}};
// Initialisations that also change the base model's weights, so the folder alone does not say what the model
// is.
constexpr std::string_view kChangesBase[] = {"pissa", "olora", "corda", "loftq"};

constexpr double kLargestAlpha = 1e9;  // PEFT's is an integer, and a hundred is much

bool is_set(const Json& value) {
  if (value.is_null()) return false;
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_array() || value.is_object() || value.is_string()) return !value.empty();
  return true;
}

void refuse_unsupported(const JsonView& view) {
  const std::string kind = view.at("peft_type").as_string();
  if (kind != "LORA")
    view.at("peft_type").fail(str_cat("\"", kind, "\" adapters are not supported; expected LORA"));
  const std::string bias = view.get("bias", "none");
  if (bias != "none") view.at("bias").fail(str_cat("\"", bias, "\" is not supported; expected none"));
  for (const auto& [key, why] : kRefused)
    if (view.has(key) && is_set(view.at(key).value()))
      view.at(key).fail(
          str_cat(why, ": this option of PEFT is not supported; merge the adapter with PEFT instead"));
  if (!view.has("init_lora_weights") || !view.at("init_lora_weights").value().is_string()) return;
  const std::string init = view.at("init_lora_weights").as_string();
  for (std::string_view name : kChangesBase)
    if (init.starts_with(name))
      view.at("init_lora_weights")
          .fail(str_cat("\"", init,
                        "\" changes the base model's weights too; merge the adapter with PEFT instead"));
}

AdapterConfig read_config(const std::filesystem::path& file) {
  const Json json = load_json(file, ErrorKind::kCheckpoint);
  const JsonView view(json, file.string(), ErrorKind::kCheckpoint);
  refuse_unsupported(view);
  AdapterConfig config;
  config.r = view.at("r").as_int();
  if (config.r < 1) view.at("r").fail("must be at least 1");
  config.lora_alpha = view.at("lora_alpha").as_double();
  if (std::abs(config.lora_alpha) > kLargestAlpha) view.at("lora_alpha").fail("is out of range");
  config.lora_dropout = view.get("lora_dropout", 0.0);
  if (config.lora_dropout < 0 || config.lora_dropout >= 1)
    view.at("lora_dropout").fail("must be at least 0 and below 1");
  config.use_rslora = view.get("use_rslora", false);
  config.use_dora = view.get("use_dora", false);
  config.fan_in_fan_out = view.get("fan_in_fan_out", false);
  config.base_model_name_or_path = view.get("base_model_name_or_path", "");
  // A list of names; or a pattern, in which case the weights say which modules it meant.
  if (view.has("target_modules") && view.at("target_modules").value().is_array())
    config.target_modules = view.at("target_modules").as_strings();
  return config;
}

// "base_model.model.<module>.lora_A.weight" → <module>; empty where the name has another form.
std::string module_of(std::string_view key, std::string_view suffix) {
  if (!key.starts_with(kPrefix) || !key.ends_with(suffix) || key.size() <= kPrefix.size() + suffix.size())
    return {};
  return std::string(key.substr(kPrefix.size(), key.size() - kPrefix.size() - suffix.size()));
}

at::Tensor read_side(const SafetensorsReader& reader, const std::string& key, int rank_dim, int64_t r) {
  const auto shape = reader.shape(key);
  if (shape.size() != 2 || shape[rank_dim] != r)
    throw Error(ErrorKind::kCheckpoint,
                str_cat("tensor \"", key, "\": shape ", at::IntArrayRef(shape), " does not fit r = ", r,
                        " of ", kConfigName),
                reader.place(key));
  return reader.get(key).to(at::kFloat);
}

// Every module has a magnitude, or none.
void check_magnitudes(const std::map<std::string, Adapter::Pair>& modules, bool use_dora,
                      const std::filesystem::path& file) {
  for (const auto& [module, pair] : modules)
    if (pair.magnitude.defined() != use_dora)
      throw Error(
          ErrorKind::kCheckpoint,
          str_cat("module \"", module, "\" has ", use_dora ? "no" : "a",
                  " lora_magnitude_vector; use_dora is ", use_dora ? "true" : "false", " in ", kConfigName),
          file.string());
}

std::map<std::string, Adapter::Pair> read_pairs(const SafetensorsReader& reader,
                                                const std::filesystem::path& file, int64_t r) {
  std::map<std::string, Adapter::Pair> modules;
  for (const auto& key : reader.names()) {
    if (const std::string module = module_of(key, kSuffixA); !module.empty())
      modules[module].a = read_side(reader, key, 0, r);
    else if (const std::string module = module_of(key, kSuffixB); !module.empty())
      modules[module].b = read_side(reader, key, 1, r);
    else if (const std::string module = module_of(key, kSuffixMagnitude); !module.empty())
      modules[module].magnitude = reader.get(key).to(at::kFloat).flatten();
    else
      throw Error(ErrorKind::kCheckpoint,
                  str_cat("tensor \"", key, "\" is no LoRA weight of a linear layer; expected ", kPrefix,
                          "<module>", kSuffixA, " or ", kSuffixB),
                  file.string());
  }
  if (modules.empty()) throw Error(ErrorKind::kCheckpoint, "holds no LoRA weights", file.string());
  for (const auto& [module, pair] : modules)
    if (!pair.a.defined() || !pair.b.defined())
      throw Error(
          ErrorKind::kCheckpoint,
          str_cat("module \"", module, "\" has no ", pair.a.defined() ? "lora_B" : "lora_A", " weight"),
          file.string());
  return modules;
}

std::vector<std::string> last_components(const std::map<std::string, Adapter::Pair>& modules) {
  std::set<std::string> names;
  for (const auto& [module, pair] : modules)
    names.insert(module.substr(module.rfind('.') + 1));  // npos + 1 = 0
  return {names.begin(), names.end()};
}

Json config_json(const AdapterConfig& config) {
  const bool whole = config.lora_alpha == std::floor(config.lora_alpha);  // PEFT declares an integer
  return {{"peft_type", "LORA"},
          {"task_type", "CAUSAL_LM"},
          {"base_model_name_or_path", config.base_model_name_or_path},
          {"r", config.r},
          {"lora_alpha", whole ? Json(static_cast<int64_t>(config.lora_alpha)) : Json(config.lora_alpha)},
          {"lora_dropout", config.lora_dropout},
          {"use_rslora", config.use_rslora},
          {"use_dora", config.use_dora},
          {"bias", "none"},
          {"fan_in_fan_out", config.fan_in_fan_out},
          {"inference_mode", true},
          {"init_lora_weights", true},
          {"modules_to_save", nullptr},
          {"rank_pattern", Json::object()},
          {"alpha_pattern", Json::object()},
          {"target_modules", config.target_modules}};
}

}  // namespace

double AdapterConfig::scale() const {
  const double rank = static_cast<double>(r);
  return lora_alpha / (use_rslora ? std::sqrt(rank) : rank);
}

Adapter load_adapter(const std::filesystem::path& folder) {
  namespace fs = std::filesystem;
  if (!fs::exists(folder / kConfigName))
    throw Error(ErrorKind::kCheckpoint,
                str_cat("no adapter here: expected a folder with ", kConfigName, " and ", kWeightsName,
                        fs::exists(folder / "adapter" / kConfigName)
                            ? str_cat("; ", (folder / "adapter").string(), " is one")
                            : ""),
                folder.string());
  Adapter adapter;
  adapter.config = read_config(folder / kConfigName);
  const fs::path weights = folder / kWeightsName;
  if (!fs::exists(weights)) {
    const bool pickled = fs::exists(folder / "adapter_model.bin");
    throw Error(
        ErrorKind::kCheckpoint,
        str_cat("has no ", kWeightsName,
                pickled
                    ? "; pickled weights (adapter_model.bin) are not read, save with safe_serialization=True"
                    : ""),
        folder.string());
  }
  adapter.modules = read_pairs(SafetensorsReader::open(weights), weights, adapter.config.r);
  check_magnitudes(adapter.modules, adapter.config.use_dora, weights);
  if (adapter.config.target_modules.empty()) adapter.config.target_modules = last_components(adapter.modules);
  std::sort(adapter.config.target_modules.begin(), adapter.config.target_modules.end());
  return adapter;
}

void save_adapter(const std::filesystem::path& folder, const Adapter& adapter) {
  AdapterConfig config = adapter.config;
  if (config.target_modules.empty()) config.target_modules = last_components(adapter.modules);
  std::sort(config.target_modules.begin(), config.target_modules.end());
  std::vector<std::pair<std::string, at::Tensor>> tensors;
  for (const auto& [module, pair] : adapter.modules) {
    XLT_CHECK(
        pair.a.dim() == 2 && pair.b.dim() == 2 && pair.a.size(0) == config.r && pair.b.size(1) == config.r,
        "adapter of ", module, " does not have rank ", config.r);
    tensors.emplace_back(str_cat(kPrefix, module, kSuffixA), pair.a);
    tensors.emplace_back(str_cat(kPrefix, module, kSuffixB), pair.b);
    if (pair.magnitude.defined())
      tensors.emplace_back(str_cat(kPrefix, module, kSuffixMagnitude), pair.magnitude);
  }
  make_folders(folder);
  write_file(folder / kConfigName, dump_json(config_json(config), 2) + "\n");
  save_safetensors(folder / kWeightsName, tensors, {{"format", "pt"}});
}

}  // namespace xlt
