// SPDX-License-Identifier: Apache-2.0
// The patterns are those of the tokenizers' own files on the hub. That of GPT-2 is ByteLevel's own.
#include "text/gguf_tokenizer_file.h"

#include <vector>

#include "xlt/base/registry.h"  // unknown_name_message

namespace xlt {

namespace {

enum Cut { kGpt2, kSingleDigits, kLlama3, kQwen2, kQwen35, kTekken, kGpt4o };

struct Row {
  const char* name;
  Cut cut;
  bool ignores_merges, adds_bos;
};
constexpr Row kRows[] = {
#define X(name, cut, ignores_merges, adds_bos) {name, cut, ignores_merges, adds_bos},
#include "text/gguf_pre_tokenizers.def"
#undef X
};

// Contractions; letters with what stands before them; digits; signs with line ends; white space.
constexpr const char* kLlama3Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kQwen2Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kQwen35Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
// Words also end where capitals begin.
constexpr const char* kTekkenPattern =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+)"
    R"(|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*)"
    R"(|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kGpt4oPattern =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?)"
    R"(|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?)"
    R"(|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

Json byte_level(bool use_regex) {
  return {
      {"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", use_regex}};
}

Json sequence(Json first, Json second) {
  return {{"type", "Sequence"}, {"pretokenizers", Json::array({std::move(first), std::move(second)})}};
}

Json by_pattern(const char* pattern) {
  return sequence(
      {{"type", "Split"}, {"pattern", {{"Regex", pattern}}}, {"behavior", "Isolated"}, {"invert", false}},
      byte_level(false));
}

Json json_of(Cut cut) {
  switch (cut) {
    case kGpt2:
      return byte_level(true);
    case kSingleDigits:
      return sequence({{"type", "Digits"}, {"individual_digits", true}}, byte_level(true));
    case kLlama3:
      return by_pattern(kLlama3Pattern);
    case kQwen2:
      return by_pattern(kQwen2Pattern);
    case kQwen35:
      return by_pattern(kQwen35Pattern);
    case kTekken:
      return by_pattern(kTekkenPattern);
    case kGpt4o:
      return by_pattern(kGpt4oPattern);
  }
  return {};
}

// Qwen's tokenizers put characters together first; a GGUF does not say so, but they were trained like that.
Json normalizer_of(Cut cut) { return cut == kQwen2 || cut == kQwen35 ? Json{{"type", "NFC"}} : Json(); }

}  // namespace

GgufPreTokenizer gguf_pre_tokenizer(const Gguf& gguf) {
  constexpr const char* kKey = "tokenizer.ggml.pre";
  const std::string name = gguf.text(kKey, "default");
  std::vector<std::string> known;
  for (const Row& row : kRows) {
    if (name == row.name) return {json_of(row.cut), normalizer_of(row.cut), row.ignores_merges, row.adds_bos};
    known.emplace_back(row.name);
  }
  gguf.fail(kKey, unknown_name_message("pre-tokenizer", name, known) +
                      ". Give a folder with the model's tokenizer.json instead");
}

}  // namespace xlt
