// SPDX-License-Identifier: Apache-2.0
// What the small files beside a tokenizer say about it.
#pragma once

#include "text/added_tokens.h"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace xlt {

struct TokenizerSettings {
  std::optional<std::string> bos, eos;
  std::optional<int64_t> config_bos, config_eos;  // ids in config.json, for want of a name
  std::optional<bool> add_bos, add_eos, add_prefix_space, legacy;
  std::string tokenizer_class;  // without "Fast"; may be empty
  std::string model_type;       // of config.json; may be empty
  // added_tokens_decoder of tokenizer_config.json, else added_tokens.json.
  std::vector<AddedToken> added;
  // Every token that has a name (bos_token, pad_token, …) or stands in extra_special_tokens: special,
  // whatever the tokenizer's own file says. Without an id.
  std::vector<AddedToken> special;
  std::vector<std::filesystem::path> files;  // those that are there, config.json apart
};
// tokenizer_config.json, special_tokens_map.json, added_tokens.json, config.json; any may be absent. Throws
// kCheckpoint for malformed ones.
TokenizerSettings read_tokenizer_settings(const std::filesystem::path& folder);

}  // namespace xlt
