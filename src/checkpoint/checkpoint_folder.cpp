// SPDX-License-Identifier: Apache-2.0
// Which file of a Hugging Face checkpoint folder is for what.
#include "checkpoint/checkpoint_folder.h"

#include <algorithm>
#include <set>
#include <span>

#include "xlt/base/error.h"
#include "xlt/base/join.h"
#include "xlt/base/json.h"
#include "xlt/checkpoint/bitsandbytes.h"
#include "xlt/checkpoint/safetensors.h"

namespace xlt {

namespace {

constexpr const char* kWeights = "model.safetensors";
constexpr const char* kWeightIndex = "model.safetensors.index.json";
constexpr const char* kGenerationConfig = "generation_config.json";
// What transformers saves of a tokenizer, in any of its forms.
constexpr const char* kTokenizerFiles[] = {"tokenizer.json",
                                           "tokenizer.model",
                                           "tokenizer_config.json",
                                           "special_tokens_map.json",
                                           "added_tokens.json",
                                           "vocab.json",
                                           "merges.txt",
                                           "vocab.txt",
                                           "spiece.model",
                                           "sentencepiece.bpe.model",
                                           "tekken.json",
                                           "chat_template.jinja",
                                           "chat_template.json"};
constexpr const char* kChatTemplates = "additional_chat_templates";  // a folder of *.jinja

// "found: a, b, c" for the error about a folder without weights.
std::string list_folder(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error))
    names.push_back(entry.path().filename().string());
  if (error) return "the folder cannot be read: " + error.message();
  if (names.empty()) return "the folder is empty";
  std::sort(names.begin(), names.end());
  constexpr size_t kMost = 12;
  std::string list = "found: " + join(std::span(names).first(std::min(kMost, names.size())));
  if (names.size() > kMost) list += str_cat(" and ", names.size() - kMost, " more");
  for (const auto& name : names)
    if (name.ends_with(".bin"))
      return list + "; pickled weights (.bin) are not read, save the model as safetensors";
  return list;
}

// Whether weights are in bitsandbytes' 4 bits. Other quantised ones have other names, shapes and dtypes:
// refused here, before one of those is called wrong.
bool is_in_4_bits(const Json& config, const std::string& where) {
  const JsonView view(config, where, ErrorKind::kCheckpoint);
  if (!view.has("quantization_config")) return false;
  const JsonView quantization = view.at("quantization_config");
  if (is_bitsandbytes_4bit(quantization.value())) return true;
  const std::string method = quantization.value().is_object() ? quantization.get("quant_method", "") : "";
  quantization.fail(
      str_cat("the checkpoint is quantised", method.empty() ? "" : str_cat(" (", method, ")"),
              " in a way that is not read; bitsandbytes' 4 bits are: give the model it was made "
              "from, or save it with transformers after model.dequantize()"));
}

void add_ids(const Json& json, const std::string& where, std::vector<int64_t>& ids) {
  const JsonView view(json, where, ErrorKind::kCheckpoint);
  if (view.has("text_config")) add_ids(json.at("text_config"), where + ": text_config", ids);
  if (!view.has("eos_token_id")) return;
  const JsonView eos = view.at("eos_token_id");
  const auto named = eos.value().is_array() ? eos.as_ints() : std::vector<int64_t>{eos.as_int()};
  for (const int64_t id : named)
    if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(id);
}

}  // namespace

std::optional<fs::path> CheckpointFolder::file(const char* name) const {
  std::error_code code;
  return fs::is_regular_file(folder_ / name, code) ? std::optional(folder_ / name) : std::nullopt;
}

Json CheckpointFolder::config() const {
  if (!file("config.json"))
    throw Error(ErrorKind::kCheckpoint,
                "no config.json; expected a Hugging Face checkpoint folder (config.json, *.safetensors, "
                "tokenizer files)",
                folder_.string());
  Json config = load_json(config_place(), ErrorKind::kCheckpoint);
  JsonView(config, config_place(), ErrorKind::kCheckpoint).keys();  // throws where it is no object
  return config;
}

std::unique_ptr<WeightSource> CheckpointFolder::weights() const {
  const bool in_4_bits = file("config.json") && is_in_4_bits(config(), config_place());
  for (const char* name : {kWeights, kWeightIndex})
    if (const auto file_there = file(name)) {
      auto weights = std::make_unique<SafetensorsReader>(SafetensorsReader::open(*file_there));
      return in_4_bits ? with_bitsandbytes(std::move(weights)) : std::move(weights);
    }
  throw Error(ErrorKind::kCheckpoint,
              str_cat("holds neither ", kWeights, " nor ", kWeightIndex, "; ", list_folder(folder_)),
              folder_.string());
}

std::vector<fs::path> CheckpointFolder::weight_files() const {
  if (const auto whole = file(kWeights)) return {*whole};
  const auto index = file(kWeightIndex);
  if (!index) return {};
  std::vector<fs::path> files{*index};
  for (const auto& [shard, names] : read_shard_index(*index)) files.push_back(folder_ / shard);
  return files;
}

std::vector<fs::path> CheckpointFolder::tokenizer_files() const {
  std::vector<fs::path> files;
  for (const char* name : kTokenizerFiles)
    if (const auto there = file(name)) files.push_back(*there);
  std::set<fs::path> templates;
  std::error_code code;
  for (const auto& entry : fs::directory_iterator(folder_ / kChatTemplates, code))
    if (entry.path().extension() == ".jinja" && entry.is_regular_file(code)) templates.insert(entry.path());
  files.insert(files.end(), templates.begin(), templates.end());
  return files;
}

std::optional<fs::path> CheckpointFolder::generation_config_file() const { return file(kGenerationConfig); }

std::vector<int64_t> CheckpointFolder::stop_token_ids() const {
  std::vector<int64_t> ids;
  for (const char* name : {"config.json", kGenerationConfig})
    if (const auto there = file(name))
      add_ids(load_json(*there, ErrorKind::kCheckpoint), there->string(), ids);
  return ids;
}

}  // namespace xlt
