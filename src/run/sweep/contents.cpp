// SPDX-License-Identifier: Apache-2.0
#include "run/sweep/contents.h"

#include "run/model_hash.h"

#include <algorithm>
#include <vector>

#include "xlt/base/file.h"
#include "xlt/base/split.h"

namespace xlt {

namespace {

// Where, how fast and how loudly a command runs.
const std::set<std::string> kLeftOut = {
    "threads",   "scorer_timeout", "device", "dry_run",    "gradient_checkpointing", "quiet",  "output",
    "log_level", "batch_tokens",   "resume", "device_map", "reference_cache",        "command"};
// Options that name files or folders. A word that is none of them stays what it is, whatever lies in the
// folder that the command runs in.
const std::set<std::string> kPaths = {
    "model",   "model_config", "tokenizer",     "data",       "eval_data",    "retain",        "init_adapter",
    "monitor", "adapter",      "base",          "baseline",   "lid",          "fluency_model", "word_lists",
    "scorer",  "recipe",       "chat_template", "benchmarks", "probe_prompts"};

bool exists(const std::string& text) {
  std::error_code ignored;
  return !text.empty() && fs::exists(text, ignored);
}

}  // namespace

const std::string& Contents::of_file(const fs::path& file) {
  const auto [found, is_new] = known_.try_emplace(file);
  if (is_new) found->second = sha256_of_file(file);
  return found->second;
}

const std::string& Contents::of_path(const fs::path& path) {
  if (fs::is_regular_file(path) && path.extension() != ".gguf") return of_file(path);
  if (const auto found = known_.find(path); found != known_.end()) return found->second;
  std::string hash;
  if (fs::exists(path / "adapter_config.json")) {
    hash = hash_of_adapter(path);
  } else if (fs::is_regular_file(path) || fs::exists(path / "config.json")) {
    hash = hash_of_model(path);
  } else {
    std::vector<fs::path> files;
    for (const auto& entry : fs::recursive_directory_iterator(path))
      if (entry.is_regular_file()) files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    std::string all;
    for (const fs::path& file : files)
      all += file.lexically_relative(path).generic_string() + "\n" + of_file(file) + "\n";
    hash = sha256(all);
  }
  return known_[path] = hash;
}

std::string Contents::of_text(const std::string& text) {
  if (exists(text)) return "content:" + of_path(text);
  std::string result;
  for (const std::string& part : split(text, ',')) {
    if (!result.empty()) result += ',';
    const size_t sign = std::min(part.find('='), part.find(':'));
    const std::string rest = sign == std::string::npos ? part : part.substr(sign + 1);
    const std::string place = rest.substr(0, rest.rfind('#'));
    if (exists(part))
      result += "content:" + of_path(part);
    else if (exists(place))
      result +=
          part.substr(0, part.size() - rest.size()) + "content:" + of_path(place) + rest.substr(place.size());
    else
      result += part;
  }
  return result;
}

Json Contents::of_options(const Json& resolved) {
  Json result = Json::object();
  for (const auto& [key, value] : resolved.items()) {
    if (kLeftOut.contains(key)) continue;
    if (!kPaths.contains(key)) {
      result[key] = value;
    } else if (value.is_string()) {
      result[key] = of_text(value.get<std::string>());
    } else if (value.is_array()) {
      result[key] = Json::array();
      for (const Json& item : value)
        result[key].push_back(item.is_string() ? Json(of_text(item.get<std::string>())) : item);
    } else {
      result[key] = value;
    }
  }
  return result;
}

}  // namespace xlt
