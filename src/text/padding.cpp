// SPDX-License-Identifier: Apache-2.0
#include "xlt/text/padding.h"

#include "text/gguf_tokenizer_file.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "xlt/base/file.h"
#include "xlt/base/json.h"

namespace xlt {

namespace {

// Tokenizer classes of transformers 4 that pad on the left unless told; all others pad on the right.
constexpr std::array<std::string_view, 6> kLeftClasses = {"Bloom", "CodeLlama", "Cohere",
                                                          "Gemma", "Llama",     "XLNet"};

bool pads_left(std::string name) {
  const size_t end = name.rfind("Tokenizer");
  if (end == std::string::npos) return false;
  name.resize(end);
  return std::find(kLeftClasses.begin(), kLeftClasses.end(), name) != kLeftClasses.end();
}

}  // namespace

Padding read_padding(const std::filesystem::path& folder, const Tokenizer& tokenizer) {
  if (is_gguf_file(folder)) return read_gguf_padding(Gguf::open(folder));
  Padding padding{false, tokenizer.eos_id()};
  const auto file = folder / "tokenizer_config.json";
  if (!std::filesystem::is_regular_file(file)) return padding;
  const Json json = load_json(file, ErrorKind::kCheckpoint);
  const JsonView view(json, file.string(), ErrorKind::kCheckpoint);
  padding.is_left = view.has("padding_side") ? view.at("padding_side").as_string() == "left"
                                             : pads_left(view.get("tokenizer_class", ""));
  if (view.has("pad_token")) {
    const JsonView token = view.at("pad_token");
    const std::string name = token.value().is_object() ? token.at("content").as_string() : token.as_string();
    if (const auto id = tokenizer.token_to_id(name)) padding.id = id;
  }
  return padding;
}

}  // namespace xlt
