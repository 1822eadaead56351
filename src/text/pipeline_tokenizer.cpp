// SPDX-License-Identifier: Apache-2.0
#include "text/pipeline_tokenizer.h"

#include "text/decoder.h"
#include "text/post_processor.h"
#include "text/pre_tokenizer.h"
#include "text/token_model.h"

#include <algorithm>

namespace xlt {

namespace {

class PipelineTokenizer : public Tokenizer {
 public:
  PipelineTokenizer(TokenizerFile& file, const JsonView& json, const TokenizerSettings& settings)
      : model_(make_token_model(file)),
        normalizer_(make_normalizer(json, "normalizer")),
        pre_tokenizer_(make_pre_tokenizer(json, "pre_tokenizer")),
        decoder_(make_token_decoder(json, "decoder")),
        around_(read_post_processor(json, "post_processor")) {
    if (json.has("added_tokens")) read_added_tokens(json.at("added_tokens"), file);
    for (const AddedToken& token : settings.added) add_token(token);
    for (const AddedToken& token : settings.special) add_special_token(token);
    added_.prepare(normalizer_, file.context);
    bos_ = settings.bos ? token_to_id(*settings.bos) : settings.config_bos;
    eos_ = settings.eos ? token_to_id(*settings.eos) : settings.config_eos;
    files_ = settings.files;
    files_.emplace_back(file.place);
  }

  std::vector<int64_t> encode(std::string_view text, SpecialTokens special) const override {
    std::vector<int64_t> ids;
    if (special == SpecialTokens::kAdd) ids = around_.prefix;
    TokenModel::Scratch scratch;
    bool is_at_start = true;
    for (TextPiece& piece : added_.split(text, normalizer_)) {
      if (piece.id) {
        ids.push_back(*piece.id);
      } else {
        for (const Word& word : pre_tokenizer_({{std::move(piece.text), is_at_start}}))
          model_->encode(word.text, ids, scratch);
      }
      is_at_start = false;
    }
    if (special == SpecialTokens::kAdd) ids.insert(ids.end(), around_.suffix.begin(), around_.suffix.end());
    return ids;
  }

  std::string decode(std::span<const int64_t> ids) const override {
    std::vector<std::string> tokens;
    for (int64_t id : ids) {
      const AddedToken* added = added_.find(id);
      if (added && added_.is_left_out(*added)) continue;
      const std::string_view token = added ? std::string_view(added->found_as) : model_->token_of(id);
      if (!token.empty()) tokens.emplace_back(token);
    }
    std::string text;
    for (const std::string& part : decoder_(std::move(tokens))) text += part;
    return text;
  }

  int64_t vocab_size() const override { return std::max(model_->size(), added_.largest_id() + 1); }
  std::optional<int64_t> bos_id() const override { return bos_; }
  std::optional<int64_t> eos_id() const override { return eos_; }
  std::optional<int64_t> token_to_id(std::string_view token) const override {
    const AddedToken* added = added_.find(token);
    return added ? added->id : model_->id_of(token);
  }
  std::vector<int64_t> prefix_ids() const override { return around_.prefix; }
  std::vector<int64_t> suffix_ids() const override { return around_.suffix; }

 private:
  void read_added_tokens(const JsonView& list, const TokenizerFile& file) {
    const auto limit = model_->size() + 4 * static_cast<int64_t>(list.size()) + 1000;
    for (size_t i = 0; i < list.size(); ++i) {
      file.throw_if_interrupted(i);
      const JsonView id = list.at(i).at("id");
      if (id.as_int() < 0 || id.as_int() > limit)
        id.fail(str_cat("the id ", id.as_int(), " is out of range for ", model_->size(), " tokens"));
      add_token(parse_added_token(list.at(i), id.as_int()));
    }
  }

  // A token that the vocabulary has keeps its id there; one that is nowhere yet gets the next free id.
  void add_token(AddedToken token) {
    if (const auto known = token_to_id(token.content)) token.id = *known;
    if (token.id < 0) token.id = vocab_size();
    added_.add(std::move(token));
  }

  void add_special_token(AddedToken token) {
    if (const AddedToken* known = added_.find(token.content)) token = *known;
    token.special = true;
    add_token(std::move(token));
  }

  std::unique_ptr<TokenModel> model_;
  AddedTokens added_;
  Normalizer normalizer_;
  PreTokenizer pre_tokenizer_;
  TokenDecoder decoder_;
  SpecialIds around_;
  std::optional<int64_t> bos_, eos_;
};

}  // namespace

std::unique_ptr<Tokenizer> make_pipeline_tokenizer(TokenizerFile file, const TokenizerSettings& settings) {
  const JsonView json(file.rest, file.place, ErrorKind::kCheckpoint);
  return std::make_unique<PipelineTokenizer>(file, json, settings);
}

}  // namespace xlt
