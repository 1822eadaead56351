// SentencePiece (Kudo & Richardson 2018), with Llama 2's defaults for BOS and EOS. SPDX-License-Identifier:
// Apache-2.0
#include "text/sentence_piece.h"

#include "text/special_tokens.h"
#include "text/utf8.h"

#include <algorithm>

#include <sentencepiece_processor.h>

#include "xlt/base/error.h"

namespace xlt {

namespace {

class SentencePieceTokenizer : public Tokenizer {
 public:
  explicit SentencePieceTokenizer(const std::filesystem::path& folder) {
    const auto file = folder / "tokenizer.model";
    if (const auto status = processor_.Load(file.string()); !status.ok())
      throw Error(ErrorKind::kCheckpoint, str_cat("not a SentencePiece model: ", status.ToString()),
                  file.string());
    const Normalizer identity = [](std::string text) { return text; };
    const SpecialTokenNames names = read_special_tokens(folder);
    for (int id = 0; id < processor_.GetPieceSize(); ++id)
      if (processor_.IsControl(id)) {
        AddedToken token{.id = id, .content = processor_.IdToPiece(id), .special = true, .normalized = false};
        added_.add(token, identity);
      }
    for (AddedToken token : names.added) {
      token.normalized = false;
      added_.add(token, identity);
    }
    const auto id_or = [&](const std::optional<std::string>& name, int fallback) -> std::optional<int64_t> {
      if (name) return token_to_id(*name);
      return fallback >= 0 ? std::optional<int64_t>(fallback) : std::nullopt;
    };
    bos_ = id_or(names.bos, processor_.bos_id());
    eos_ = id_or(names.eos, processor_.eos_id());
    if (names.add_bos.value_or(true) && bos_) prefix_ = {*bos_};
    if (names.add_eos.value_or(false) && eos_) suffix_ = {*eos_};
    files_ = names.files;
    files_.push_back(file);
  }

  std::vector<int64_t> encode(std::string_view text, SpecialTokens special) const override {
    std::vector<int64_t> ids;
    if (special == SpecialTokens::kAdd) ids = prefix_;
    for (const TextPiece& piece : added_.split(text, [](std::string part) { return part; })) {
      if (piece.id) {
        ids.push_back(*piece.id);
        continue;
      }
      std::vector<int> pieces;
      if (const auto status = processor_.Encode(piece.text, &pieces); !status.ok())
        throw Error(ErrorKind::kInternal, str_cat("SentencePiece: ", status.ToString()));
      ids.insert(ids.end(), pieces.begin(), pieces.end());
    }
    if (special == SpecialTokens::kAdd) ids.insert(ids.end(), suffix_.begin(), suffix_.end());
    return ids;
  }

  std::string decode(std::span<const int64_t> ids) const override {
    std::string text;
    std::vector<int> run;
    const auto flush = [&] {
      std::string part;
      if (!run.empty() && processor_.Decode(run, &part).ok()) text += part;
      run.clear();
    };
    for (int64_t id : ids) {
      const AddedToken* added = added_.find(id);
      if (!added && id >= 0 && id < processor_.GetPieceSize()) run.push_back(static_cast<int>(id));
      if (!added || added->special) continue;
      flush();
      text += added->content;
    }
    flush();
    return repaired_utf8(text);
  }

  int64_t vocab_size() const override {
    return std::max<int64_t>(processor_.GetPieceSize(), added_.largest_id() + 1);
  }
  std::optional<int64_t> bos_id() const override { return bos_; }
  std::optional<int64_t> eos_id() const override { return eos_; }
  std::optional<int64_t> token_to_id(std::string_view token) const override {
    if (const auto added = added_.id_of(token)) return added;
    const int id = processor_.PieceToId(std::string(token));
    if (id == processor_.unk_id() && token != processor_.IdToPiece(id)) return std::nullopt;
    return id;
  }
  std::vector<int64_t> prefix_ids() const override { return prefix_; }
  std::vector<int64_t> suffix_ids() const override { return suffix_; }

 private:
  sentencepiece::SentencePieceProcessor processor_;
  AddedTokens added_;
  std::vector<int64_t> prefix_, suffix_;
  std::optional<int64_t> bos_, eos_;
};

}  // namespace

std::unique_ptr<Tokenizer> load_sentence_piece(const std::filesystem::path& folder) {
  return std::make_unique<SentencePieceTokenizer>(folder);
}

}  // namespace xlt
