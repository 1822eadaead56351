// SPDX-License-Identifier: Apache-2.0
#include "run/sweep/contents.h"

#include "run/model_hash.h"

#include <algorithm>
#include <vector>

#include "xlt/base/file.h"
#include "xlt/base/join.h"
#include "xlt/base/split.h"
#include "xlt/run/recipe.h"
#include "xlt/text/chat_template.h"

namespace xlt {

namespace {

// Where, how fast and how loudly a command runs.
const std::set<std::string> kLeftOut = {"threads",        "scorer_timeout",  "scorer_rate",
                                        "scorer_retries", "reference_cache", "gradient_checkpointing",
                                        "log_level",      "batch_tokens",    "device_map",
                                        "device",         "dry_run",         "output",
                                        "resume",         "command",         "quiet"};
// Options that name files or folders, by command: `adapter` is a folder to `xlt eval` and one of a few words
// to `xlt train`. The text of any other option stays what it is, whatever lies in the folder that the command
// runs in.
const std::map<std::string, std::set<std::string>> kPaths = {
    {"train",
     {"model", "model_config", "tokenizer", "data", "eval_data", "retain", "init_adapter", "monitor",
      "scorer", "recipe", "chat_template", "probe_prompts"}},
    {"eval",
     {"model", "adapter", "base", "baseline", "lid", "fluency_model", "word_lists", "scorer",
      "refusal_phrases"}}};  // its data and benchmarks are named by what its cells read

// Where an option takes a name as well as a file, what is built in under that name is meant, and no file of
// the same name: a built-in name is never taken for a path.
bool is_built_in(const std::string& option, const std::string& text) {
  const auto is_in = [&](const std::vector<std::string>& names) {
    return std::find(names.begin(), names.end(), text) != names.end();
  };
  if (option == "recipe") return !is_recipe_file(text);
  if (option == "scorer") return text.find(':') == std::string::npos;  // a kind alone
  if (option == "chat_template") return is_in({"auto", "none"}) || is_in(chat_format_names());
  return false;
}

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
    const size_t sign = std::min(part.find('='), part.find(':'));
    const std::string rest = sign == std::string::npos ? part : part.substr(sign + 1);
    const std::string place = rest.substr(0, rest.rfind('#'));
    std::string item = part;
    if (exists(part))
      item = "content:" + of_path(part);
    else if (exists(place))
      item =
          part.substr(0, part.size() - rest.size()) + "content:" + of_path(place) + rest.substr(place.size());
    append_item(result, item, ",");
  }
  return result;
}

Json Contents::of_value(const std::string& option, const Json& value) {
  if (value.is_array()) {
    Json result = Json::array();
    for (const Json& item : value) result.push_back(of_value(option, item));
    return result;
  }
  if (!value.is_string() || is_built_in(option, value.get_ref<const std::string&>())) return value;
  return of_text(value.get<std::string>());
}

Json Contents::of_options(const std::string& command, const Json& resolved) {
  const std::set<std::string>& paths = kPaths.at(command);
  Json result = Json::object();
  for (const auto& [key, value] : resolved.items())
    if (!kLeftOut.contains(key)) result[key] = paths.contains(key) ? of_value(key, value) : value;
  return result;
}

}  // namespace xlt
