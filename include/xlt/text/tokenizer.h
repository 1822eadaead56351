// SPDX-License-Identifier: Apache-2.0
// Tokenizers as Hugging Face checkpoints carry them: `tokenizer.json` (byte-level BPE, byte-fallback BPE) or
// a SentencePiece `tokenizer.model`; and those inside GGUF files. Ids equal those of `transformers`, token
// for token.
//
//   auto tokenizer = load_tokenizer("models/llama");
//   auto ids = tokenizer->encode("Hello", SpecialTokens::kAdd);    // BOS where the files say so, never twice
//   auto text = tokenizer->decode(ids);                            // special tokens skipped
//
// Thread-safe after construction.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "xlt/base/context.h"

namespace xlt {

enum class SpecialTokens { kAdd, kNone };

class Tokenizer {
 public:
  virtual ~Tokenizer() = default;
  // Special-token strings inside `text` become their ids, as transformers does. `text` must be UTF-8.
  virtual std::vector<int64_t> encode(std::string_view text, SpecialTokens special) const = 0;
  // UTF-8; bytes that do not form a character become U+FFFD. Special tokens are left out. Equal to
  // transformers' `decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)`.
  virtual std::string decode(std::span<const int64_t> ids) const = 0;
  // Each token decoded by itself; special tokens give an empty string.
  std::vector<std::string> decode_each(std::span<const int64_t> ids) const;
  virtual int64_t vocab_size() const = 0;  // largest id + 1, added tokens included
  virtual std::optional<int64_t> bos_id() const = 0;
  virtual std::optional<int64_t> eos_id() const = 0;
  virtual std::optional<int64_t> token_to_id(std::string_view token) const = 0;
  // Ids that `encode(…, kAdd)` puts before the text (often BOS, often none) and after it.
  virtual std::vector<int64_t> prefix_ids() const = 0;
  virtual std::vector<int64_t> suffix_ids() const = 0;
  // Files that belong to the tokenizer, to be copied beside a saved model.
  const std::vector<std::filesystem::path>& files() const { return files_; }

 protected:
  std::vector<std::filesystem::path> files_;
};

// From a checkpoint folder: `tokenizer.json` if there, else `tokenizer.model`; `tokenizer_config.json` and
// `special_tokens_map.json` for BOS/EOS. Or from a GGUF file. Throws kCheckpoint naming file and JSON path
// for what is malformed or unknown, and for what would take memory or time out of all proportion;
// kInterrupted as `context` says.
std::unique_ptr<Tokenizer> load_tokenizer(const std::filesystem::path& folder, const Context& context = {});

}  // namespace xlt
