// SPDX-License-Identifier: Apache-2.0
#include "run/conversations.h"

#include <utility>

#include "xlt/base/error.h"
#include "xlt/base/json.h"
#include "xlt/text/chat_format.h"
#include "xlt/text/tokenizer.h"

namespace xlt {

namespace {

std::unique_ptr<ChatTemplate> load_at(const std::filesystem::path& model, const std::string& choice,
                                      const std::string& place) {
  try {
    return load_chat_template(model, choice);
  } catch (const Error& error) {
    throw Error(error.kind(), str_cat(error.message(), " (first needed for ", place, ")"), error.context());
  }
}

// A format chosen by name may be another model's.
void warn_of_missing_token(const ChatTemplate& chat, const std::filesystem::path& model,
                           const Context& context) {
  const std::string token = token_of_format(chat);
  if (token.empty()) return;
  try {
    if (load_tokenizer(model, context)->token_to_id(token)) return;
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::kInterrupted) throw;
    return;  // whoever encodes the text says what is wrong with the tokenizer
  }
  context.warn(
      str_cat(chat.place(), " marks turns by ", token, ", which the tokenizer of ", model.string(),
              " does not have as a token: the model reads it as so much text, and was hardly trained "
              "on this format"));
}

}  // namespace

void visit_chat_template(OptionVisitor& v, std::string& chat_template) {
  v.field("chat_template", chat_template,
          "how rows {\"messages\"} become text: auto, the model's own template; none, refuse them; a name "
          "(xlt ls chat-templates, or one of the model's own); a Jinja file");
}

bool holds_messages(const Row& row) { return row.has("messages"); }

Conversations::Conversations(std::filesystem::path model, std::string chat_template, const Context& context)
    : model_(std::move(model)), choice_(std::move(chat_template)), context_(context) {}

std::string Conversations::render(const Row& row, bool add_generation_prompt) {
  for (const char* other : {"text", "prompt", "context", "continuation"})
    if (row.has(other))
      throw Error(ErrorKind::kData, str_cat("has both \"messages\" and \"", other, "\"; give one of them"),
                  row.place());
  return render(row.fields().at("messages"), add_generation_prompt, row.place());
}

std::string Conversations::render(const Json& messages, bool add_generation_prompt,
                                  const std::string& place) {
  if (!template_) {
    if (choice_ == "none")
      throw Error(ErrorKind::kData,
                  "holds messages, and --chat-template none renders none; give auto, a name or a Jinja file",
                  place);
    template_ = load_at(model_, choice_, place);
    warn_of_missing_token(*template_, model_, context_);
    if (template_->source().find("strftime_now") != std::string::npos)
      context_.warn(
          str_cat(template_->place(),
                  ": the chat template can write today's date, so that tomorrow's results may differ"));
  }
  return template_->render(messages, add_generation_prompt, place);
}

}  // namespace xlt
