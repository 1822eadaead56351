// SPDX-License-Identifier: Apache-2.0
#include "xlt/text/chat_template.h"

#include "text/jinja_limits.h"
#include "text/utf8.h"

#include <exception>
#include <utility>

#include <jinja/lexer.h>
#include <jinja/parser.h>
#include <jinja/runtime.h>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/json.h"
#include "xlt/base/stack_guard.h"

namespace xlt {

namespace {

// The engine's messages stand below a drawing of the source; their last line says it.
std::string last_line_of(const std::string& message) {
  std::string line = message.substr(0, message.find_last_not_of("\n ^") + 1);
  line.erase(0, line.rfind('\n') + 1);
  return line.starts_with("Error: ") ? line.substr(7) : line;
}

jinja::value text_value(const std::string& text) { return jinja::mk_val<jinja::value_string>(text); }

jinja::value value_of(const Json& json) {
  if (json.is_string()) return text_value(json.get<std::string>());
  if (json.is_boolean()) return jinja::mk_val<jinja::value_bool>(json.get<bool>());
  if (json.is_number_integer()) return jinja::mk_val<jinja::value_int>(json.get<int64_t>());
  if (json.is_number_float()) return jinja::mk_val<jinja::value_float>(json.get<double>());
  if (json.is_array()) {
    auto array = jinja::mk_val<jinja::value_array>();
    for (const Json& item : json) array->push_back(value_of(item));
    return array;
  }
  if (json.is_object()) {
    auto object = jinja::mk_val<jinja::value_object>();
    for (const auto& [key, item] : json.items()) object->insert(key, value_of(item));
    return object;
  }
  return jinja::mk_val<jinja::value_none>();
}

// As transformers hands a message over: keys that are null are not there, and what a model thought goes by
// three names.
Json message_of(const JsonView& view) {
  if (!view.value().is_object()) view.fail("expected an object with \"role\" and \"content\"");
  Json message = Json::object();
  for (const auto& [key, item] : view.value().items())
    if (!item.is_null()) message[key] = item;
  view.at("role").as_string();
  if (message.contains("content") && !message["content"].is_string())
    view.at("content").fail("expected a text; lists of parts are not supported");
  for (const char* name : {"reasoning_content", "thinking", "reasoning"})
    if (message.contains(name)) {
      const Json thoughts = message[name];
      if (!message.contains("thinking")) message["thinking"] = thoughts;
      message["reasoning_content"] = thoughts;
      break;
    }
  return message;
}

Json conversation_of(const Json& messages, const std::string& where) {
  const JsonView view(messages, where, ErrorKind::kData, "messages");
  if (view.size() == 0) view.fail("there is no message in it");
  Json conversation = Json::array();
  for (size_t i = 0; i < messages.size(); ++i) conversation.push_back(message_of(view.at(i)));
  return conversation;
}

}  // namespace

struct ChatTemplate::Program {
  jinja::program root;
};

ChatTemplate::ChatTemplate(std::string source, std::string place, std::map<std::string, std::string> tokens)
    : source_(std::move(source)), place_(std::move(place)), tokens_(std::move(tokens)) {
  if (find_invalid_utf8(source_))
    throw Error(ErrorKind::kCheckpoint, "the chat template is not UTF-8", place_);
  std::string reason;
  try {
    const jinja::lexer_result tokens_of_source = jinja::lexer().tokenize(source_);
    reason = why_jinja_is_too_deep(tokens_of_source);
    if (reason.empty())
      program_ = std::make_unique<Program>(Program{jinja::parse_from_tokens(tokens_of_source)});
  } catch (const std::exception& error) {
    reason = last_line_of(error.what());
  }
  if (!program_)
    throw Error(ErrorKind::kCheckpoint, "the chat template cannot be read as Jinja: " + reason, place_);
}

ChatTemplate::~ChatTemplate() = default;

std::string ChatTemplate::render(const Json& messages, bool add_generation_prompt,
                                 const std::string& where) const {
  const StackGuard guard(
      str_cat(where, ": the chat template (", place_,
              ") calls itself, or holds a list that holds itself; choose another by --chat-template"));
  jinja::context context(source_);
  for (const auto& [name, text] : tokens_) context.set_val(name, text_value(text));
  context.set_val("messages", value_of(conversation_of(messages, where)));
  context.set_val("add_generation_prompt", jinja::mk_val<jinja::value_bool>(add_generation_prompt));
  for (const char* absent : {"tools", "documents"})
    context.set_val(absent, jinja::mk_val<jinja::value_none>());
  try {
    jinja::runtime runtime(context);
    const auto parts = jinja::runtime::gather_string_parts(runtime.execute(program_->root));
    return repaired_utf8(parts->as_string().str());
  } catch (const std::exception& error) {
    // The engine wraps what the template itself raises into a drawing of the source, too.
    constexpr std::string_view kRaised = "Jinja Exception: ";
    const std::string reason = error.what();
    if (const size_t at = reason.find(kRaised); at != std::string::npos)
      throw Error(ErrorKind::kData,
                  "the chat template refuses this conversation: " + reason.substr(at + kRaised.size()),
                  where);
    throw Error(
        ErrorKind::kData,
        str_cat("the chat template (", place_, ") fails on this conversation: ", last_line_of(reason)),
        where);
  }
}

}  // namespace xlt
