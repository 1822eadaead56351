// SPDX-License-Identifier: Apache-2.0
#include "text/tokenizer_settings.h"

#include <algorithm>
#include <charconv>

#include "xlt/base/file.h"

namespace xlt {

namespace {

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

class Reader {
 public:
  explicit Reader(const fs::path& folder) : folder_(folder) {}

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
    use(JsonView(json, file.string(), ErrorKind::kCheckpoint));
    if (std::string_view(name) != "config.json") out_.files.push_back(file);
  }

  void put_special(AddedToken token) {
    const auto old = std::find_if(out_.special.begin(), out_.special.end(),
                                  [&](const AddedToken& x) { return x.content == token.content; });
    if (old == out_.special.end()) {
      out_.special.push_back(std::move(token));
    } else {
      *old = std::move(token);
    }
  }

  // bos_token, pad_token, image_token …, and lists of them.
  void named_tokens(const JsonView& json) {
    for (const std::string& key : json.keys()) {
      if (!json.has(key)) continue;
      if (key.ends_with("_token") && (json.at(key).value().is_string() || json.at(key).value().is_object())) {
        const AddedToken token = special_token(json.at(key));
        if (key == "bos_token") out_.bos = token.content;
        if (key == "eos_token") out_.eos = token.content;
        put_special(token);
      } else if (key == "additional_special_tokens" || key == "extra_special_tokens") {
        const JsonView list = json.at(key);
        if (list.value().is_object()) {
          for (const std::string& name : list.keys()) put_special(special_token(list.at(name)));
        } else {
          for (size_t i = 0; i < list.size(); ++i) put_special(special_token(list.at(i)));
        }
      }
    }
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
    for (const std::string& key : json.keys()) {
      int64_t id = -1;
      const auto result = std::from_chars(key.data(), key.data() + key.size(), id);
      if (result.ptr != key.data() + key.size() || id < 0) json.at(key).fail("the key is not an id");
      out_.added.push_back(parse_added_token(json.at(key), id));
    }
  }

  // {"<extra>": 32000, …}
  void added_tokens(const JsonView& json) {
    for (const std::string& content : json.keys()) {
      const bool special = std::any_of(out_.special.begin(), out_.special.end(),
                                       [&](const AddedToken& token) { return token.content == content; });
      AddedToken token{.id = json.at(content).as_int(), .content = content, .special = special};
      token.normalized = !special;
      out_.added.push_back(token);
    }
  }

  const fs::path& folder_;
  TokenizerSettings out_;
};

}  // namespace

TokenizerSettings read_tokenizer_settings(const std::filesystem::path& folder) {
  return Reader(folder).run();
}

}  // namespace xlt
