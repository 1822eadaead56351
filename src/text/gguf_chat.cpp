// SPDX-License-Identifier: Apache-2.0
// What a GGUF file says of conversations.
#include "text/gguf_tokenizer_file.h"

#include "xlt/base/error.h"

namespace xlt {

std::optional<int64_t> gguf_token_id(const Gguf& gguf, std::string_view key, size_t num_tokens) {
  if (!gguf.has(key)) return std::nullopt;
  const int64_t id = gguf.integer(key);
  if (id < 0 || id >= static_cast<int64_t>(num_tokens))
    gguf.fail(key, str_cat("the id ", id, " is out of range for ", num_tokens, " tokens"));
  return id;
}

std::map<std::string, std::string> gguf_named_tokens(const Gguf& gguf) {
  const std::vector<std::string_view> tokens = gguf.strings("tokenizer.ggml.tokens");
  std::map<std::string, std::string> named;
  for (const auto& [name, key] : kGgufNamedTokens)
    if (const auto id = gguf_token_id(gguf, key, tokens.size()))
      named[name] = tokens[static_cast<size_t>(*id)];
  return named;
}

std::map<std::string, std::string> gguf_chat_templates(const Gguf& gguf) {
  constexpr const char *kDefault = "tokenizer.chat_template", *kFurther = "tokenizer.chat_templates";
  std::map<std::string, std::string> templates;
  if (gguf.has(kDefault)) templates["default"] = gguf.text(kDefault);
  if (!gguf.has(kFurther)) return templates;
  for (const std::string_view name : gguf.strings(kFurther))
    templates.emplace(name, gguf.text(str_cat(kDefault, ".", name)));
  return templates;
}

}  // namespace xlt
