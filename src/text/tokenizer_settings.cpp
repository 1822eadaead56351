// SPDX-License-Identifier: Apache-2.0
#include "text/tokenizer_settings.h"

#include <algorithm>
#include <charconv>
#include <unordered_map>

#include "xlt/base/file.h"
#include "xlt/base/json_members.h"

namespace xlt {

namespace {

// Far beyond any vocabulary, and with room for one more.
constexpr int64_t kLargestId = int64_t{1} << 30;

// "<s>" or {"content": "<s>", …}
AddedToken special_token(const JsonView& json) {
  AddedToken token;
  if (json.value().is_object()) {
    token = parse_added_token(json, -1);
  } else {
    token.content = json.as_string();
    token.normalized = false;
  }
  token.special = true;
  return token;
}

std::optional<int64_t> id_in(const JsonView& json, const char* key) {
  if (!json.has(key)) return std::nullopt;
  const JsonView id = json.at(key);
  if (!id.value().is_array()) return id.as_int();
  return id.size() > 0 ? std::optional(id.at(0).as_int()) : std::nullopt;
}

std::optional<bool> flag_in(const JsonView& json, const char* key) {
  return json.has(key) ? std::optional(json.get(key, false)) : std::nullopt;
}

std::string without_fast(std::string name) {
  if (name.ends_with("Fast")) name.resize(name.size() - 4);
  return name;
}

class SettingsReader {
 public:
  explicit SettingsReader(const fs::path& folder) : folder_(folder) {}

  TokenizerSettings run() {
    bool has_decoder = false;
    read("tokenizer_config.json", [&](const JsonView& json) {
      named_tokens(json);
      options(json);
      has_decoder = json.has("added_tokens_decoder");
      if (has_decoder) added_tokens_decoder(json.at("added_tokens_decoder"));
    });
    // The two older files count only where the newer field is absent.
    read("special_tokens_map.json", [&](const JsonView& json) {
      if (!has_decoder) named_tokens(json);
    });
    read("added_tokens.json", [&](const JsonView& json) {
      if (!has_decoder) added_tokens(json);
    });
    read("config.json", [&](const JsonView& json) {
      out_.config_bos = id_in(json, "bos_token_id");
      out_.config_eos = id_in(json, "eos_token_id");
      out_.model_type = json.get("model_type", "");
      if (out_.tokenizer_class.empty()) out_.tokenizer_class = without_fast(json.get("tokenizer_class", ""));
    });
    return std::move(out_);
  }

 private:
  template <typename Use>
  void read(const char* name, const Use& use) {
    const fs::path file = folder_ / name;
    if (!fs::is_regular_file(file)) return;
    const Json json = load_json(file, ErrorKind::kCheckpoint);
    place_ = file.string();
    use(JsonView(json, place_, ErrorKind::kCheckpoint));
    if (std::string_view(name) != "config.json") out_.files.push_back(file);
  }

  template <typename Use>
  void for_each_member_of(const JsonView& object, const std::string& path, const Use& use) const {
    for_each_member(object, place_, ErrorKind::kCheckpoint, path, use);
  }

  void put_special(AddedToken token) {
    const auto [old, is_new] = special_places_.try_emplace(token.content, out_.special.size());
    if (is_new) {
      out_.special.push_back(std::move(token));
    } else {
      out_.special[old->second] = std::move(token);
    }
  }

  // bos_token, pad_token, image_token …, and lists of them.
  void named_tokens(const JsonView& json) {
    for_each_member_of(json, "", [&](const std::string& key, const JsonView& value) {
      if (value.value().is_null()) return;
      if (key.ends_with("_token") && (value.value().is_string() || value.value().is_object())) {
        const AddedToken token = special_token(value);
        if (key == "bos_token") out_.bos = token.content;
        if (key == "eos_token") out_.eos = token.content;
        put_special(token);
      } else if (key == "additional_special_tokens" || key == "extra_special_tokens") {
        if (value.value().is_object()) {
          for_each_member_of(value, key, [&](const std::string&, const JsonView& token) {
            put_special(special_token(token));
          });
        } else {
          for (size_t i = 0; i < value.size(); ++i) put_special(special_token(value.at(i)));
        }
      }
    });
  }

  void options(const JsonView& json) {
    out_.add_bos = flag_in(json, "add_bos_token");
    out_.add_eos = flag_in(json, "add_eos_token");
    out_.add_prefix_space = flag_in(json, "add_prefix_space");
    out_.legacy = flag_in(json, "legacy");
    out_.tokenizer_class = without_fast(json.get("tokenizer_class", ""));
  }

  // {"32000": {"content": …}, …}
  void added_tokens_decoder(const JsonView& json) {
    for_each_member_of(json, "added_tokens_decoder", [&](const std::string& key, const JsonView& token) {
      int64_t id = -1;
      const auto result = std::from_chars(key.data(), key.data() + key.size(), id);
      if (result.ptr != key.data() + key.size() || id < 0 || id > kLargestId)
        token.fail("the key is not an id");
      out_.added.push_back(parse_added_token(token, id));
    });
  }

  // {"<extra>": 32000, …}
  void added_tokens(const JsonView& json) {
    for_each_member_of(json, "", [&](const std::string& content, const JsonView& id) {
      if (id.as_int() < 0 || id.as_int() > kLargestId)
        id.fail(str_cat("the id ", id.as_int(), " is out of range"));
      const bool special = special_places_.contains(content);
      AddedToken token{.id = id.as_int(), .content = content, .special = special};
      token.normalized = !special;
      out_.added.push_back(token);
    });
  }

  const fs::path& folder_;
  std::string place_;                                       // the file that is being read
  std::unordered_map<std::string, size_t> special_places_;  // in out_.special, by content
  TokenizerSettings out_;
};

}  // namespace

TokenizerSettings read_tokenizer_settings(const std::filesystem::path& folder) {
  return SettingsReader(folder).run();
}

}  // namespace xlt
