// SPDX-License-Identifier: Apache-2.0
#include "text/tiktoken_file.h"

#include "text/base64.h"

#include <charconv>
#include <optional>

#include "xlt/base/error.h"
#include "xlt/base/file.h"

namespace xlt {

namespace {

constexpr size_t kLlama3Tokens = 128000, kLlama4Tokens = 200000;
constexpr const char* kLlama3Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kLlama4Pattern =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?)"
    R"(|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?)"
    R"(|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

using Names = std::vector<std::string>;

// <|prefixreserved_special_token_FIRST|> and on, `count` of them.
void add_reserved(Names& names, const std::string& prefix, int first, int count) {
  for (int i = first; i < first + count; ++i)
    names.push_back(str_cat("<|", prefix, "reserved_special_token_", i, "|>"));
}

Names llama3_special_tokens() {
  Names names{"<|begin_of_text|>",
              "<|end_of_text|>",
              "<|reserved_special_token_0|>",
              "<|reserved_special_token_1|>",
              "<|finetune_right_pad_id|>",
              "<|step_id|>",
              "<|start_header_id|>",
              "<|end_header_id|>",
              "<|eom_id|>",
              "<|eot_id|>",
              "<|python_tag|>",
              "<|image|>"};
  add_reserved(names, "", 2, 244);
  return names;
}

Names llama4_special_tokens() {
  Names names{"<|begin_of_text|>", "<|end_of_text|>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>",
              "<|header_start|>",  "<|header_end|>",  "<|eom|>",        "<|eot|>",        "<|step|>"};
  add_reserved(names, "text_post_train_", 0, 6);
  names.insert(names.end(), {"<|python_start|>", "<|python_end|>", "<|finetune_right_pad|>"});
  add_reserved(names, "text_post_train_", 8, 61);
  names.insert(names.end(), {"<|image_start|>", "<|image_end|>"});
  add_reserved(names, "vision_", 0, 2);
  names.insert(names.end(), {"<|tile_x_separator|>", "<|tile_y_separator|>"});
  add_reserved(names, "vision_", 2, 4);
  names.push_back("<|image|>");
  add_reserved(names, "vision_", 6, 1);
  names.push_back("<|patch|>");
  add_reserved(names, "vision_", 7, 1041);
  add_reserved(names, "reasoning_", 0, 8);
  names.insert(names.end(), {"<|reasoning_thinking_start|>", "<|reasoning_thinking_end|>"});
  constexpr int kAll = 2048;
  add_reserved(names, "", 0, kAll - static_cast<int>(names.size()));
  return names;
}

struct RankedToken {
  std::string bytes;
  size_t rank;
};

std::optional<RankedToken> parse_line(std::string_view line) {
  const size_t space = line.find(' ');
  if (space == std::string_view::npos || space == 0) return std::nullopt;
  auto bytes = decode_base64(line.substr(0, space));
  size_t rank = 0;
  const char *begin = line.data() + space + 1, *end = line.data() + line.size();
  const auto [stop, fault] = std::from_chars(begin, end, rank);
  if (!bytes || fault != std::errc() || stop != end) return std::nullopt;
  return RankedToken{std::move(*bytes), rank};
}

}  // namespace

bool is_tiktoken_file(const std::filesystem::path& file) {
  const MappedFile map(file);
  const std::string_view text(reinterpret_cast<const char*>(map.bytes().data()), map.bytes().size());
  const std::string_view beginning = text.substr(0, 256);
  return parse_line(beginning.substr(0, beginning.find_first_of("\r\n"))).has_value();
}

std::vector<std::string> read_tiktoken_lines(const std::filesystem::path& file) {
  std::vector<std::string> tokens;
  LineReader lines(file);
  while (const auto line = lines.next()) {
    if (line->empty()) continue;
    auto token = parse_line(*line);
    if (!token) throw Error(ErrorKind::kCheckpoint, "expected a token in base64 and its rank", lines.place());
    if (token->rank != tokens.size())
      throw Error(ErrorKind::kCheckpoint,
                  str_cat("rank ", token->rank, " where ", tokens.size(), " was expected"), lines.place());
    tokens.push_back(std::move(token->bytes));
  }
  return tokens;
}

RankedVocabulary read_tiktoken_file(const std::filesystem::path& file) {
  RankedVocabulary out;
  out.place = file.string();
  out.tokens = read_tiktoken_lines(file);
  const bool is_llama3 = out.tokens.size() == kLlama3Tokens;
  if (!is_llama3 && out.tokens.size() != kLlama4Tokens)
    throw Error(ErrorKind::kCheckpoint,
                str_cat("a tiktoken vocabulary of ", out.tokens.size(), " tokens is no Llama's (Llama 3 has ",
                        kLlama3Tokens, ", Llama 4 ", kLlama4Tokens,
                        "), so its pattern is not known; save the "
                        "tokenizer as tokenizer.json"),
                out.place);
  out.pattern = is_llama3 ? kLlama3Pattern : kLlama4Pattern;
  auto id = static_cast<int64_t>(out.tokens.size());
  for (std::string& name : is_llama3 ? llama3_special_tokens() : llama4_special_tokens())
    out.special.emplace_back(id++, std::move(name));
  out.bos = "<|begin_of_text|>";
  out.eos = "<|end_of_text|>";
  return out;
}

}  // namespace xlt
