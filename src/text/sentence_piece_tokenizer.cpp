// SPDX-License-Identifier: Apache-2.0
#include "text/sentence_piece_tokenizer.h"

#include "text/sentence_piece_file.h"
#include "text/utf8.h"

#include <algorithm>

#include "xlt/base/error.h"

namespace xlt {

namespace {

class SentencePieceTokenizer : public Tokenizer {
 public:
  SentencePieceTokenizer(const std::filesystem::path& file, const TokenizerSettings& settings)
      : processor_(load_sentence_piece_processor(file)) {
    for (int id = 0; id < processor_->GetPieceSize(); ++id)
      if (processor_->IsControl(id))
        add({.id = id, .content = processor_->IdToPiece(id), .special = true, .normalized = false});
    for (const AddedToken& token : settings.added) add(token);
    for (AddedToken token : settings.special) {
      if (const AddedToken* known = added_.find(token.content)) token = *known;
      token.special = true;
      add(token);
    }
    added_.prepare(Normalizer());
    bos_ = id_of(settings.bos, processor_->bos_id());
    eos_ = id_of(settings.eos, processor_->eos_id());
    if (settings.add_bos.value_or(false) && bos_) prefix_ = {*bos_};
    if (settings.add_eos.value_or(false) && eos_) suffix_ = {*eos_};
    files_ = settings.files;
    files_.push_back(file);
  }

  std::vector<int64_t> encode(std::string_view text, SpecialTokens special) const override {
    std::vector<int64_t> ids;
    if (special == SpecialTokens::kAdd) ids = prefix_;
    for (const TextPiece& piece : added_.split(text, Normalizer())) {
      if (piece.id) {
        ids.push_back(*piece.id);
        continue;
      }
      std::vector<int> pieces;
      if (const auto status = processor_->Encode(piece.text, &pieces); !status.ok())
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
      if (!run.empty() && processor_->Decode(run, &part).ok()) text += part;
      run.clear();
    };
    for (int64_t id : ids) {
      const AddedToken* added = added_.find(id);
      if (!added && id >= 0 && id < processor_->GetPieceSize()) run.push_back(static_cast<int>(id));
      if (!added || added->special) continue;
      flush();
      text += added->content;
    }
    flush();
    return repaired_utf8(text);
  }

  int64_t vocab_size() const override {
    return std::max<int64_t>(processor_->GetPieceSize(), added_.largest_id() + 1);
  }
  std::optional<int64_t> bos_id() const override { return bos_; }
  std::optional<int64_t> eos_id() const override { return eos_; }
  std::optional<int64_t> token_to_id(std::string_view token) const override {
    if (const AddedToken* added = added_.find(token)) return added->id;
    const int id = processor_->PieceToId(token);
    if (id == processor_->unk_id() && token != processor_->IdToPiece(id)) return std::nullopt;
    return id;
  }
  std::vector<int64_t> prefix_ids() const override { return prefix_; }
  std::vector<int64_t> suffix_ids() const override { return suffix_; }

 private:
  void add(AddedToken token) {
    token.normalized = false;  // the model's own normaliser is not ours to call
    if (const auto known = token_to_id(token.content)) token.id = *known;
    if (token.id < 0) token.id = vocab_size();
    added_.add(std::move(token));
  }
  std::optional<int64_t> id_of(const std::optional<std::string>& name, int fallback) const {
    if (name) return token_to_id(*name);
    return fallback >= 0 ? std::optional<int64_t>(fallback) : std::nullopt;
  }

  std::unique_ptr<sentencepiece::SentencePieceProcessor> processor_;
  AddedTokens added_;
  std::vector<int64_t> prefix_, suffix_;
  std::optional<int64_t> bos_, eos_;
};

}  // namespace

std::unique_ptr<Tokenizer> make_sentence_piece_tokenizer(const std::filesystem::path& file,
                                                         const TokenizerSettings& settings) {
  return std::make_unique<SentencePieceTokenizer>(file, settings);
}

}  // namespace xlt
