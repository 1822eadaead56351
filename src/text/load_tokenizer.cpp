// SPDX-License-Identifier: Apache-2.0
#include "text/json_tokenizer.h"
#include "text/sentence_piece.h"

#include "xlt/base/error.h"
#include "xlt/text/tokenizer.h"

namespace xlt {

std::vector<std::string> Tokenizer::decode_each(std::span<const int64_t> ids) const {
  std::vector<std::string> pieces;
  for (const int64_t& id : ids) pieces.push_back(decode(std::span(&id, 1)));
  return pieces;
}

std::unique_ptr<Tokenizer> load_tokenizer(const std::filesystem::path& folder) {
  if (std::filesystem::is_regular_file(folder / "tokenizer.json")) return load_json_tokenizer(folder);
  if (std::filesystem::is_regular_file(folder / "tokenizer.model")) return load_sentence_piece(folder);
  throw Error(ErrorKind::kCheckpoint,
              "neither tokenizer.json nor tokenizer.model is there; save the tokenizer beside the model",
              folder.string());
}

}  // namespace xlt
