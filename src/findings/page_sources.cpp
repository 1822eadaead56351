// SPDX-License-Identifier: Apache-2.0
#include "findings/page_sources.h"

#include "xlt/base/file.h"
#include "xlt/base/join.h"
#include "xlt/base/quoting.h"
#include "xlt/base/resolve_options.h"
#include "xlt/base/utf8.h"

namespace xlt {

namespace {

// An option's value as the command line takes it; nothing for one that is empty or off.
std::string value_of_option(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_array()) return value.is_null() || value.is_boolean() ? "" : dump_json(value);
  std::string text;
  for (const Json& part : value)
    append_item(text, part.is_string() ? part.get<std::string>() : dump_json(part), ",");
  return text;
}

void take(const Json& from, Json& into, std::initializer_list<const char*> keys) {
  for (const char* key : keys)
    if (from.contains(key) && !from.at(key).is_null()) into[key] = from.at(key);
}

// Data files and models that the cells depend on, with their hashes.
Json hashes_of(const Json& report) {
  Json hashes = Json::object();
  for (const Json& cell : report.value("cells", Json::array())) {
    const Json settings = cell.value("settings", Json());
    if (!settings.is_object()) continue;
    for (const auto& [key, value] : settings.items()) {
      if (key == "data" && value.is_object())
        for (const auto& [file, hash] : value.items()) hashes[file] = hash;
      if (key.size() > 5 && key.ends_with("_hash") && value.is_string())
        hashes[key == "scorer_hash" ? "scorer " + cell.value("scorer", "") : key.substr(0, key.size() - 5)] =
            value;
    }
  }
  return hashes;
}

Json source(const char* kind, const std::string& name, const fs::path& folder, const Json& written) {
  Json json{{"kind", kind}, {"name", name}, {"folder", escape_invalid_utf8(folder.string())}};
  const Json config = written.value("config", Json());
  if (config.is_object()) {
    json["command"] = command_line_of(config);
    json["config"] = config;
  }
  take(written, json, {"status", "model", "code", "env", "seeds", "errors", "allowed", "result"});
  return json;
}

Json training_hashes(const Json& run) {
  Json hashes = Json::object();
  for (const char* key : {"data", "inputs"})
    for (const Json& file : run.value(key, Json::array()))
      if (file.is_object() && file.contains("file"))
        hashes[file.value("file", "")] = file.value("sha256", Json());
  return hashes;
}

}  // namespace

std::string command_line_of(const Json& config) {
  std::string line = "xlt " + config.value("command", "");
  for (const auto& [key, value] : config.items()) {
    if (key == "command") continue;
    if (value == Json(true)) line += " " + flag_name(key);
    if (const std::string text = value_of_option(value); !text.empty())
      line += " " + flag_name(key) + " " + shell_word(text);
  }
  return line;
}

Json page_sources(const PageInputs& inputs) {
  Json sources = Json::array();
  for (const Arm& arm : inputs.arms)
    for (const EvaluationFolder& seed : arm.seeds)
      for (const auto& report : seed.reports()) {
        Json json = source("evaluation", arm.name, seed.path(), *report);
        json["hashes"] = hashes_of(*report);
        sources.push_back(std::move(json));
      }
  for (const TrainingFolder& training : inputs.trainings) {
    Json json = source("training", training.name, training.path, training.run);
    json["hashes"] = training_hashes(training.run);
    sources.push_back(std::move(json));
  }
  for (const auto* files : {&inputs.comparisons, &inputs.predictors, &inputs.humans})
    for (const FoundFile& file : *files) {
      const char* kind = files == &inputs.comparisons  ? "comparison"
                         : files == &inputs.predictors ? "predictors"
                                                       : "human judgement";
      Json json = source(kind, file.path.filename().string(), file.path.parent_path(), file.json);
      take(file.json, json, {"settings"});
      json["hashes"] = Json{{file.path.filename().string(), sha256_of_file(file.path)}};
      sources.push_back(std::move(json));
    }
  return sources;
}

}  // namespace xlt
