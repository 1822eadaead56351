// SPDX-License-Identifier: Apache-2.0
// Rows that hold a conversation, as the text that its chat template makes of it. The template is loaded at
// the first such row: a model without one reads rows of texts all the same.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "xlt/base/config.h"
#include "xlt/base/context.h"
#include "xlt/base/json_fwd.h"
#include "xlt/dataset/reader.h"
#include "xlt/text/chat_template.h"

namespace xlt {

// The option --chat-template, wherever rows may hold conversations.
void visit_chat_template(OptionVisitor& v, std::string& chat_template);
// {"messages": […]}
bool holds_messages(const Row& row);

class Conversations {
 public:
  Conversations(std::filesystem::path model, std::string chat_template, const Context& context);
  // Throws kData where the template refuses the conversation or --chat-template is none, and what
  // load_chat_template throws where there is no template; all name the row.
  std::string render(const Row& row, bool add_generation_prompt);
  std::string render(const Json& messages, bool add_generation_prompt, const std::string& place);

 private:
  std::filesystem::path model_;
  std::string choice_;
  Context context_;
  std::unique_ptr<ChatTemplate> template_;
};

}  // namespace xlt
