// SPDX-License-Identifier: Apache-2.0
// The small files beside a small tokenizer: tokenizer_config.json, special_tokens_map.json,
// added_tokens.json, config.json, set apart by zero bytes.
#include "fuzz/fuzzing.h"

#include "xlt/text/tokenizer.h"

namespace {
constexpr const char* kTokenizer =
    R"({"version":"1.0","added_tokens":[],"normalizer":null,"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false,
    "trim_offsets":true,"use_regex":true},"post_processor":null,"decoder":{"type":"ByteLevel","add_prefix_space":true,
    "trim_offsets":true,"use_regex":true},"model":{"type":"BPE","dropout":null,"unk_token":null,
    "continuing_subword_prefix":null,"end_of_word_suffix":null,"fuse_unk":false,"byte_fallback":false,"ignore_merges":false,
    "vocab":{"a":0,"b":1,"ab":2,"<s>":3},"merges":[["a","b"]]}})";
}

XLT_FUZZ {
  xlt::fuzzing::write("tokenizer.json", kTokenizer);
  for (const char* name :
       {"tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "config.json"}) {
    const std::string_view part = xlt::fuzzing::next_part(input);
    if (part.empty())
      std::filesystem::remove(xlt::fuzzing::folder() / name);
    else
      xlt::fuzzing::write(name, part);
  }
  const auto tokenizer = xlt::load_tokenizer(xlt::fuzzing::folder());
  tokenizer->decode(tokenizer->encode("abba<s>", xlt::SpecialTokens::kAdd));
}
