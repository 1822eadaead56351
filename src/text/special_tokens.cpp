// SPDX-License-Identifier: Apache-2.0
#include "text/special_tokens.h"

#include <cstdlib>

#include "xlt/base/file.h"

namespace xlt {

namespace {

// "bos_token": "<s>" or {"content": "<s>", …}
std::optional<std::string> name_in(const JsonView& json, const char* key) {
  if (!json.has(key)) return std::nullopt;
  const JsonView token = json.at(key);
  return token.value().is_object() ? token.at("content").as_string() : token.as_string();
}

std::optional<int64_t> id_in(const JsonView& json, const char* key) {
  if (!json.has(key)) return std::nullopt;
  const JsonView id = json.at(key);
  if (id.value().is_array()) return id.size() > 0 ? std::optional(id.at(0).as_int()) : std::nullopt;
  return id.as_int();
}

}  // namespace

SpecialTokenNames read_special_tokens(const std::filesystem::path& folder) {
  SpecialTokenNames names;
  const auto read = [&](const char* name, auto&& use) {
    const fs::path file = folder / name;
    if (!fs::is_regular_file(file)) return;
    const Json json = load_json(file, ErrorKind::kCheckpoint);
    use(JsonView(json, file.string(), ErrorKind::kCheckpoint));
    if (std::string_view(name) != "config.json") names.files.push_back(file);
  };
  read("tokenizer_config.json", [&](const JsonView& json) {
    names.bos = name_in(json, "bos_token");
    names.eos = name_in(json, "eos_token");
    if (json.has("add_bos_token")) names.add_bos = json.get("add_bos_token", false);
    if (json.has("add_eos_token")) names.add_eos = json.get("add_eos_token", false);
    if (!json.has("added_tokens_decoder")) return;
    const JsonView added = json.at("added_tokens_decoder");
    for (const std::string& id : added.keys())
      names.added.push_back(parse_added_token(added.at(id), std::atoll(id.c_str())));
  });
  read("special_tokens_map.json", [&](const JsonView& json) {
    if (!names.bos) names.bos = name_in(json, "bos_token");
    if (!names.eos) names.eos = name_in(json, "eos_token");
  });
  read("config.json", [&](const JsonView& json) {
    names.config_bos = id_in(json, "bos_token_id");
    names.config_eos = id_in(json, "eos_token_id");
  });
  return names;
}

}  // namespace xlt
