// SPDX-License-Identifier: Apache-2.0
#include "lm/sentence_modules.h"

#include <algorithm>
#include <string>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/json.h"

namespace xlt {

namespace {

struct Mode {
  const char *flag, *name;  // in older files a flag each, in newer ones pooling_mode's value
  PoolingMode mode;
};
constexpr Mode kModes[] = {{"pooling_mode_mean_tokens", "mean", PoolingMode::kMean},
                           {"pooling_mode_cls_token", "cls", PoolingMode::kFirst},
                           {"pooling_mode_lasttoken", "lasttoken", PoolingMode::kLast}};

PoolingMode read_mode(const fs::path& file) {
  const Json json = load_json(file, ErrorKind::kCheckpoint);
  const JsonView view(json, file.string(), ErrorKind::kCheckpoint);
  const std::string named = view.get("pooling_mode", "");
  std::string others;  // flags that are set and not among kModes
  const Mode* found = nullptr;
  for (const std::string& key : view.keys()) {
    if (!key.starts_with("pooling_mode_") || !view.value().at(key).is_boolean() || !view.get(key, false))
      continue;
    const auto mode =
        std::find_if(std::begin(kModes), std::end(kModes), [&](const Mode& m) { return key == m.flag; });
    if (mode == std::end(kModes) || found != nullptr)
      others = key;
    else
      found = mode;
  }
  for (const Mode& mode : kModes)
    if (named == mode.name) found = &mode;
  if (found == nullptr || !others.empty())
    throw Error(ErrorKind::kUnsupported,
                str_cat("pooling ", others.empty() ? named : others,
                        " is not supported; supported, one at a time: mean, cls, lasttoken"),
                file.string());
  return found->mode;
}

std::string last_part(const std::string& type) { return type.substr(type.rfind('.') + 1); }

}  // namespace

SentenceModules read_sentence_modules(const fs::path& folder) {
  SentenceModules modules;
  const fs::path file = folder / "modules.json", lengths = folder / "sentence_bert_config.json";
  std::error_code code;
  if (!fs::is_regular_file(file, code)) return modules;
  const Json json = load_json(file, ErrorKind::kCheckpoint);
  const JsonView list(json, file.string(), ErrorKind::kCheckpoint);
  for (size_t i = 0; i < list.size(); ++i) {
    const JsonView module = list.at(i);
    const std::string type = last_part(module.at("type").as_string());
    if (type == "Pooling")
      modules.pooling.mode = read_mode(folder / module.get("path", "1_Pooling") / "config.json");
    else if (type == "Normalize")
      modules.pooling.normalize = true;
    else if (type != "Transformer")
      throw Error(ErrorKind::kUnsupported,
                  str_cat("module ", type, " is not supported; supported: Transformer, Pooling, Normalize"),
                  module.place());
  }
  if (!fs::is_regular_file(lengths, code)) return modules;
  const Json length = load_json(lengths, ErrorKind::kCheckpoint);
  const JsonView view(length, lengths.string(), ErrorKind::kCheckpoint);
  if (view.has("max_seq_length")) modules.max_length = view.at("max_seq_length").as_int();
  return modules;
}

}  // namespace xlt
