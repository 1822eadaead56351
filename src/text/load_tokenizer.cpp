// SPDX-License-Identifier: Apache-2.0
#include "text/gguf_tokenizer_file.h"
#include "text/pipeline_tokenizer.h"
#include "text/sentence_piece_tokenizer.h"
#include "text/tekken_file.h"
#include "text/tiktoken_file.h"
#include "text/tokenizer_class.h"

#include "xlt/base/error.h"
#include "xlt/text/tokenizer.h"

namespace xlt {

std::vector<std::string> Tokenizer::decode_each(std::span<const int64_t> ids) const {
  std::vector<std::string> pieces;
  pieces.reserve(ids.size());
  for (const int64_t& id : ids) pieces.push_back(decode(std::span(&id, 1)));
  return pieces;
}

namespace {

std::unique_ptr<Tokenizer> from_ranks(const RankedVocabulary& vocabulary, TokenizerSettings settings,
                                      const Context& context) {
  TokenizerFile file = tokenizer_file_of(vocabulary, settings, context);
  return make_pipeline_tokenizer(std::move(file), settings);
}

}  // namespace

std::unique_ptr<Tokenizer> load_tokenizer(const std::filesystem::path& folder, const Context& context) {
  if (is_gguf_file(folder)) {
    GgufTokenizer gguf = read_gguf_tokenizer(Gguf::open(folder));
    return make_pipeline_tokenizer(std::move(gguf.file), gguf.settings);
  }
  const auto json = folder / "tokenizer.json", tekken = folder / "tekken.json",
             model = folder / "tokenizer.model";
  if (std::filesystem::is_regular_file(json)) {
    const TokenizerSettings settings = read_tokenizer_settings(folder);
    TokenizerFile file = read_tokenizer_file(json, context);
    apply_tokenizer_class(file, settings);
    return make_pipeline_tokenizer(std::move(file), settings);
  }
  if (std::filesystem::is_regular_file(tekken))
    return from_ranks(read_tekken_file(tekken), read_tokenizer_settings(folder), context);
  if (std::filesystem::is_regular_file(model)) {
    const TokenizerSettings settings = read_tokenizer_settings(folder);
    if (is_tiktoken_file(model)) return from_ranks(read_tiktoken_file(model), settings, context);
    return make_sentence_piece_tokenizer(model, settings);
  }
  throw Error(
      ErrorKind::kCheckpoint,
      "none of tokenizer.json, tekken.json, tokenizer.model is there; save the tokenizer beside the model",
      folder.string());
}

}  // namespace xlt
