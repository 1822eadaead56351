// Which tokens begin and end a text, from the small files beside a tokenizer. SPDX-License-Identifier:
// Apache-2.0
#pragma once

#include "text/added_tokens.h"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace xlt {

struct SpecialTokenNames {
  std::optional<std::string> bos, eos;
  std::optional<bool> add_bos, add_eos;
  std::vector<AddedToken> added;                  // tokenizer_config.json's added_tokens_decoder
  std::optional<int64_t> config_bos, config_eos;  // ids in config.json, where no name is given
  std::vector<std::filesystem::path> files;       // those that are there
};
// tokenizer_config.json, special_tokens_map.json, config.json; any may be absent. Throws kCheckpoint for
// malformed ones.
SpecialTokenNames read_special_tokens(const std::filesystem::path& folder);

}  // namespace xlt
