// SPDX-License-Identifier: Apache-2.0
// Where a model keeps its chat templates, and which of them is meant.
#include "text/chat_formats.h"
#include "text/gguf_tokenizer_file.h"

#include <algorithm>
#include <optional>
#include <span>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/join.h"
#include "xlt/base/json.h"
#include "xlt/base/registry.h"
#include "xlt/text/chat_format.h"
#include "xlt/text/chat_template.h"

namespace xlt {

namespace {

struct ChatFormat {
  const char *name, *marker, *what;
  const char* (*source)();
};

std::span<const ChatFormat> chat_formats() {
  static constexpr ChatFormat kRows[] = {
#define X(id, name, marker, what) {name, marker, what, id##_chat_format},
#include "text/chat_formats.def"
#undef X
  };
  return kRows;
}

// One of a model's templates. Most have a single one, "default".
struct OwnTemplate {
  std::string name, source, place;
};

// Before every format's own template. A model's own says itself what it makes of other roles, and of messages
// without a text (calls of tools); ours would write them as if they were an answer.
constexpr const char* kChecked = R"({%- for message in messages -%}
{%- if message['role'] not in ['system', 'user', 'assistant'] -%}
{{ raise_exception('message ' + loop.index | string + ': unknown role "' + message['role'] + '"; this format has system, user and assistant') }}
{%- endif -%}
{%- if message['content'] is not defined -%}
{{ raise_exception('message ' + loop.index | string + ' has no "content"') }}
{%- endif -%}
{%- endfor -%}
)";
constexpr const char* kFormatPlace = "chat format ";
// Formats whose markers are spelt as text; those of the others are tokens.
constexpr std::string_view kSpelt[] = {"llama-2", "mistral", "zephyr"};

// A string, or [{"name", "template"}, …].
void add_templates(const JsonView& json, const std::string& place, std::vector<OwnTemplate>& out) {
  if (json.value().is_string()) {
    out.push_back({"default", json.as_string(), place});
    return;
  }
  for (size_t i = 0; i < json.size(); ++i)
    out.push_back({json.at(i).at("name").as_string(), json.at(i).at("template").as_string(), place});
}

// Of the first file that has any, as transformers reads them: the text file, then the tokenizer's
// configuration, then those of a processor around the tokenizer.
std::vector<OwnTemplate> own_templates(const fs::path& model) {
  std::vector<OwnTemplate> found;
  if (is_gguf_file(model)) {
    for (const auto& [name, source] : gguf_chat_templates(Gguf::open(model)))
      found.push_back({name, source, model.string()});
    return found;
  }
  std::error_code code;
  const fs::path text = model / "chat_template.jinja";
  if (fs::is_regular_file(text, code)) found.push_back({"default", read_file(text), text.string()});
  std::vector<fs::path> further;
  for (const auto& entry : fs::directory_iterator(model / "additional_chat_templates", code))
    if (entry.path().extension() == ".jinja") further.push_back(entry.path());
  std::sort(further.begin(), further.end());
  for (const fs::path& file : further)
    found.push_back({file.stem().string(), read_file(file), file.string()});
  for (const char* name : {"tokenizer_config.json", "chat_template.json", "processor_config.json"}) {
    const fs::path file = model / name;
    if (!found.empty() || !fs::is_regular_file(file, code)) continue;
    const Json json = load_json(file, ErrorKind::kCheckpoint);
    const JsonView view(json, file.string(), ErrorKind::kCheckpoint);
    if (view.value().is_object() && view.has("chat_template"))
      add_templates(view.at("chat_template"), file.string(), found);
  }
  return found;
}

const OwnTemplate* find_own(const std::vector<OwnTemplate>& own, std::string_view name) {
  for (const OwnTemplate& each : own)
    if (each.name == name) return &each;
  return nullptr;
}

// bos_token, eos_token and whatever else has a name there: the variables of templates.
std::map<std::string, std::string> named_tokens(const fs::path& model) {
  if (is_gguf_file(model)) return gguf_named_tokens(Gguf::open(model));
  std::map<std::string, std::string> tokens;
  std::error_code code;
  for (const char* name : {"special_tokens_map.json", "tokenizer_config.json"}) {
    const fs::path file = model / name;
    if (!fs::is_regular_file(file, code)) continue;
    const Json json = load_json(file, ErrorKind::kCheckpoint);
    if (!json.is_object()) continue;
    for (const auto& [key, token] : json.items()) {
      if (!key.ends_with("_token")) continue;
      if (token.is_string()) tokens[key] = token.get<std::string>();
      if (token.is_object() && token.contains("content") && token["content"].is_string())
        tokens[key] = token["content"].get<std::string>();
    }
  }
  return tokens;
}

OwnTemplate own_default(const fs::path& model, const std::vector<OwnTemplate>& own) {
  if (const OwnTemplate* found = find_own(own, "default")) return *found;
  if (own.size() == 1) return own.front();
  if (own.empty())
    throw Error(
        ErrorKind::kCheckpoint,
        str_cat("the model has no chat template of its own; give --chat-template NAME or a Jinja file; "
                "names: ",
                join(chat_format_names())),
        model.string());
  throw Error(
      ErrorKind::kCheckpoint,
      str_cat("the model has several chat templates and none is called \"default\"; give one of them as "
              "--chat-template: ",
              join(own, ", ", &OwnTemplate::name)),
      own.front().place);
}

OwnTemplate named_template(const std::vector<OwnTemplate>& own, const std::string& choice) {
  if (const OwnTemplate* found = find_own(own, choice)) return *found;
  for (const ChatFormat& format : chat_formats())
    if (choice == format.name) return {choice, str_cat(kChecked, format.source()), kFormatPlace + choice};
  std::error_code code;
  if (fs::is_regular_file(choice, code)) return {choice, read_file(choice), choice};
  std::vector<std::string> names = chat_format_names();
  for (const OwnTemplate& each : own) names.push_back(each.name);
  throw Error(ErrorKind::kUsage, unknown_name_message("chat template", choice, names) +
                                     "; or auto, none, or a Jinja file (there is no such file)");
}

}  // namespace

std::unique_ptr<ChatTemplate> load_chat_template(const fs::path& model, const std::string& choice) {
  if (choice == "none") return nullptr;
  const std::vector<OwnTemplate> own = own_templates(model);
  OwnTemplate chosen = choice == "auto" ? own_default(model, own) : named_template(own, choice);
  return std::make_unique<ChatTemplate>(std::move(chosen.source), std::move(chosen.place),
                                        named_tokens(model));
}

std::vector<std::string> chat_format_names() {
  std::vector<std::string> names;
  for (const ChatFormat& format : chat_formats()) names.emplace_back(format.name);
  return names;
}

std::string describe_chat_format(std::string_view name) {
  for (const ChatFormat& format : chat_formats())
    if (name == format.name) return format.what;
  throw_unknown_name("chat format", name, chat_format_names());
}

std::string token_of_format(const ChatTemplate& chat) {
  for (const ChatFormat& format : chat_formats())
    if (chat.place() == std::string(kFormatPlace) + format.name)
      return std::find(std::begin(kSpelt), std::end(kSpelt), format.name) == std::end(kSpelt) ? format.marker
                                                                                              : "";
  return "";
}

std::string chat_format_of(std::string_view source) {
  for (const ChatFormat& format : chat_formats())
    if (source.find(format.marker) != std::string_view::npos) return format.name;
  return "";
}

std::string describe_chat_template(const fs::path& model) {
  const std::vector<OwnTemplate> own = own_templates(model);
  std::string list;
  for (const OwnTemplate& each : own) {
    const std::string format = chat_format_of(each.source);
    append_item(list,
                str_cat(own.size() > 1 ? each.name + ": " : "", format.empty() ? "of its own kind" : format,
                        " (", fs::path(each.place).filename().string(), ")"));
  }
  return list.empty() ? "none" : list;
}

}  // namespace xlt
