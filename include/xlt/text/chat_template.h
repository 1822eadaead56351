// SPDX-License-Identifier: Apache-2.0
// Chat templates: a conversation → the text that an instruction-tuned model was trained on, as transformers'
// `apply_chat_template` renders it. Any Jinja template; some common formats have names.
//
//   auto chat = load_chat_template("models/llama", "auto");                  // the model's own
//   std::string text = chat->render(messages, /*add_generation_prompt=*/true, row.place());
//   auto ids = tokenizer->encode(text, SpecialTokens::kNone);                // the template writes BOS itself
//
// Thread-safe after construction.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "xlt/base/json_fwd.h"

namespace xlt {

class ChatTemplate {
 public:
  // `source` is Jinja; `place` says where it stands, for errors; `tokens` are the variables bos_token,
  // eos_token … that templates put out. Throws kCheckpoint where it is no Jinja, no UTF-8, or nested deeper
  // than any real one.
  ChatTemplate(std::string source, std::string place, std::map<std::string, std::string> tokens);
  ~ChatTemplate();
  // `messages`: [{"role", "content"}, …], texts all; further keys are the template's to read.
  // `add_generation_prompt`: the text ends where the model's answer begins. Throws kData naming `where` (the
  // row's place) for what is no conversation, and for one that the template refuses ("roles must alternate").
  std::string render(const Json& messages, bool add_generation_prompt, const std::string& where) const;
  const std::string& source() const { return source_; }
  const std::string& place() const { return place_; }

 private:
  struct Program;
  std::string source_, place_;
  std::map<std::string, std::string> tokens_;
  std::unique_ptr<const Program> program_;
};

// --chat-template. `choice`: "auto", the model's own; "none", which gives null; a name, of one of
// the model's own templates where it has several, else of a format (chat_format_names); a Jinja file.
// `model` is a checkpoint folder or a GGUF file. Throws kCheckpoint where it has no template of its own,
// kUsage for a choice that is none of these; both name what could be given.
std::unique_ptr<ChatTemplate> load_chat_template(const std::filesystem::path& model,
                                                 const std::string& choice);

// Formats that --chat-template names, sorted: "chatml", "gemma", …
std::vector<std::string> chat_format_names();
// What a format is called and which models use it: "ChatML: Qwen, SmolLM2, EuroLLM".
std::string describe_chat_format(std::string_view name);
// The format that a template writes, told by its markers; empty: none of those that have names.
std::string chat_format_of(std::string_view source);
// For a summary of the model: "llama-3 (tokenizer_config.json)", "of its own kind (chat_template.jinja)",
// "none".
std::string describe_chat_template(const std::filesystem::path& model);

}  // namespace xlt
