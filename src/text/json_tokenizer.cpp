// Added tokens → normaliser → pre-tokenizer → BPE → template; and back. SPDX-License-Identifier: Apache-2.0
#include "text/json_tokenizer.h"

#include "text/bpe.h"
#include "text/decoder.h"
#include "text/pre_tokenizer.h"
#include "text/special_tokens.h"

#include <algorithm>

namespace xlt {

namespace {

class JsonTokenizer : public Tokenizer {
 public:
  JsonTokenizer(TokenizerFile file, const std::filesystem::path& folder) : bpe_(file) {
    const JsonView json(file.rest, file.place, ErrorKind::kCheckpoint);
    normalizer_ = make_normalizer(json, "normalizer");
    pre_tokenizer_ = make_pre_tokenizer(json, "pre_tokenizer");
    decoder_ = make_token_decoder(json, "decoder");
    if (json.has("added_tokens")) {
      const JsonView added = json.at("added_tokens");
      for (size_t i = 0; i < added.size(); ++i)
        added_.add(parse_added_token(added.at(i), added.at(i).at("id").as_int()), normalizer_);
    }
    if (json.has("post_processor")) read_template(json.at("post_processor"));
    const SpecialTokenNames names = read_special_tokens(folder);
    bos_ = names.bos ? token_to_id(*names.bos) : names.config_bos;
    eos_ = names.eos ? token_to_id(*names.eos) : names.config_eos;
    files_ = names.files;
    files_.push_back(folder / "tokenizer.json");
  }

  std::vector<int64_t> encode(std::string_view text, SpecialTokens special) const override {
    std::vector<int64_t> ids;
    if (special == SpecialTokens::kAdd) ids = prefix_;
    bool is_at_start = true;
    Bpe::Scratch scratch;
    for (TextPiece& piece : added_.split(text, normalizer_)) {
      if (piece.id) {
        ids.push_back(*piece.id);
      } else {
        for (const Word& word : pre_tokenizer_({{std::move(piece.text), is_at_start}}))
          bpe_.encode(word.text, ids, scratch);
      }
      is_at_start = false;
    }
    if (special == SpecialTokens::kAdd) ids.insert(ids.end(), suffix_.begin(), suffix_.end());
    return ids;
  }

  std::string decode(std::span<const int64_t> ids) const override {
    std::vector<std::string> tokens;
    for (int64_t id : ids) {
      const AddedToken* added = added_.find(id);
      if (added && added->special) continue;
      const std::string_view token = added ? std::string_view(added->content) : bpe_.token_of(id);
      if (!token.empty()) tokens.emplace_back(token);
    }
    std::string text;
    for (const std::string& part : decoder_(std::move(tokens))) text += part;
    return text;
  }

  int64_t vocab_size() const override { return std::max(bpe_.size(), added_.largest_id() + 1); }
  std::optional<int64_t> bos_id() const override { return bos_; }
  std::optional<int64_t> eos_id() const override { return eos_; }
  std::optional<int64_t> token_to_id(std::string_view token) const override {
    const auto added = added_.id_of(token);
    return added ? added : bpe_.id_of(token);
  }
  std::vector<int64_t> prefix_ids() const override { return prefix_; }
  std::vector<int64_t> suffix_ids() const override { return suffix_; }

 private:
  void read_template(const JsonView& json) {
    const std::string type = json.at("type").as_string();
    if (type == "Sequence") {
      for (size_t i = 0; i < json.at("processors").size(); ++i) read_template(json.at("processors").at(i));
    } else if (type == "TemplateProcessing") {
      read_single(json);
    } else if (type != "ByteLevel") {
      json.at("type").fail(
          str_cat("post-processor \"", type,
                  "\" is not supported; supported: Sequence, TemplateProcessing, ByteLevel"));
    }
  }

  // "single": special tokens before and after the sequence.
  void read_single(const JsonView& json) {
    bool after = false;
    const JsonView parts = json.at("single");
    for (size_t i = 0; i < parts.size(); ++i) {
      if (parts.at(i).has("Sequence")) {
        after = true;
        continue;
      }
      const JsonView name = parts.at(i).at("SpecialToken").at("id");
      const std::vector<int64_t> ids = json.at("special_tokens").at(name.as_string()).at("ids").as_ints();
      std::vector<int64_t>& side = after ? suffix_ : prefix_;
      side.insert(side.end(), ids.begin(), ids.end());
    }
  }

  Bpe bpe_;
  AddedTokens added_;
  Normalizer normalizer_;
  PreTokenizer pre_tokenizer_;
  TokenDecoder decoder_;
  std::vector<int64_t> prefix_, suffix_;
  std::optional<int64_t> bos_, eos_;
};

}  // namespace

std::unique_ptr<Tokenizer> load_json_tokenizer(const std::filesystem::path& folder) {
  return std::make_unique<JsonTokenizer>(read_tokenizer_file(folder / "tokenizer.json"), folder);
}

}  // namespace xlt
