// SPDX-License-Identifier: Apache-2.0
// Two kinds of tokenizer stand in GGUF files: "llama", SentencePiece's BPE with a score for each token, and
// "gpt2", byte-level BPE with merges. Gemma's are of the first kind, cut at spaces and merged in the order of
// their ids.
#include "text/gguf_tokenizer_file.h"

#include "text/score_merges.h"
#include "text/tokenizer_class.h"

#include <algorithm>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/registry.h"  // unknown_name_message

namespace xlt {

namespace {

constexpr int kControl = 3, kUserDefined = 4;  // kinds of tokens
constexpr const char* kMetaspace = "\u2581";

class GgufTokenizerReader {
 public:
  explicit GgufTokenizerReader(const Gguf& gguf)
      : gguf_(gguf),
        tokens_(gguf.strings("tokenizer.ggml.tokens")),
        model_(gguf.text("tokenizer.ggml.model")) {
    is_gemma_ = gguf.text("general.architecture", "").starts_with("gemma");
    if (tokens_.empty()) gguf.fail("tokenizer.ggml.tokens", "the vocabulary is empty");
    if (model_ != "llama" && model_ != "gpt2")
      gguf.fail("tokenizer.ggml.model", unknown_name_message("tokenizer model", model_, {"gpt2", "llama"}));
  }

  GgufTokenizer run() {
    out_.file.place = gguf_.place();
    out_.file.rest = Json::object();
    read_tokens();
    if (model_ == "gpt2") {
      set_up_byte_level();
    } else if (is_gemma_) {
      set_up_gemma();
    } else {
      set_up_sentence_piece();
    }
    read_merges();
    name_tokens();
    out_.file.rest["added_tokens"] = added_tokens();
    out_.file.rest["post_processor"] = post_processor();
    return std::move(out_);
  }

 private:
  std::string key(const char* name) const { return str_cat("tokenizer.ggml.", name); }

  void read_tokens() {
    if (const size_t bad = first_not_utf8(); bad < tokens_.size())
      gguf_.fail(key("tokens"), str_cat("token ", bad, " is not UTF-8"));
    for (size_t id = 0; id < tokens_.size(); ++id) {
      out_.file.tokens.push_back(spelling(tokens_[id]));
      out_.file.ids.push_back(static_cast<int32_t>(id));
    }
    if (gguf_.has(key("token_type"))) kinds_ = gguf_.numbers(key("token_type"));
    if (!kinds_.empty() && kinds_.size() != tokens_.size())
      gguf_.fail(key("token_type"), str_cat(kinds_.size(), " values for ", tokens_.size(), " tokens"));
  }

  size_t first_not_utf8() const {
    size_t id = 0;
    while (id < tokens_.size() && !find_invalid_utf8(tokens_[id])) ++id;
    return id;
  }

  // Gemma's runs of spaces stand there as spaces; in its vocabulary they are marks.
  std::string spelling(std::string_view token) const {
    if (!is_gemma_ || model_ == "gpt2" || token.empty() ||
        token.find_first_not_of(' ') != std::string_view::npos)
      return std::string(token);
    std::string marks;
    for (size_t i = 0; i < token.size(); ++i) marks += kMetaspace;
    return marks;
  }

  void set_up_byte_level() {
    const GgufPreTokenizer pre = gguf_pre_tokenizer(gguf_);
    Json& rest = out_.file.rest;
    rest["normalizer"] = pre.normalizer;
    rest["pre_tokenizer"] = pre.pre_tokenizer;
    rest["decoder"] = {
        {"type", "ByteLevel"}, {"add_prefix_space", true}, {"trim_offsets", true}, {"use_regex", true}};
    rest["model"] = {{"type", "BPE"},
                     {"dropout", nullptr},
                     {"unk_token", nullptr},
                     {"continuing_subword_prefix", ""},
                     {"end_of_word_suffix", ""},
                     {"fuse_unk", false},
                     {"byte_fallback", false},
                     {"ignore_merges", pre.ignores_merges}};
    adds_bos_ = pre.adds_bos;
  }

  void set_up_sentence_piece() {
    const bool has_prefix = gguf_.flag(key("add_space_prefix"), true);
    set_up_sentence_piece_bpe(out_.file.rest, has_prefix ? "first" : "never");
    out_.file.rest["model"]["dropout"] = nullptr;
    out_.file.rest["model"]["continuing_subword_prefix"] = nullptr;
    out_.file.rest["model"]["end_of_word_suffix"] = nullptr;
    adds_bos_ = true;
  }

  void set_up_gemma() {
    set_up_sentence_piece_bpe(out_.file.rest, "never");
    Json& rest = out_.file.rest;
    rest["normalizer"] = {{"type", "Replace"}, {"pattern", {{"String", " "}}}, {"content", kMetaspace}};
    rest["pre_tokenizer"] = {{"type", "Split"},
                             {"pattern", {{"String", " "}}},
                             {"behavior", "MergedWithPrevious"},
                             {"invert", false}};
    rest["model"]["dropout"] = nullptr;
    rest["model"]["continuing_subword_prefix"] = nullptr;
    rest["model"]["end_of_word_suffix"] = nullptr;
    if (const auto unknown = token_named("unknown_token_id")) rest["model"]["unk_token"] = *unknown;
    adds_bos_ = true;
  }

  void read_merges() {
    if (gguf_.has(key("merges"))) {
      for (const std::string_view merge : gguf_.strings(key("merges"))) add_merge(merge);
    } else if (model_ == "gpt2") {
      gguf_.fail(key("merges"), "this key is missing");
    } else {
      // A file's scores are SentencePiece's, but Gemma's merges follow its ids.
      std::vector<double> scores = is_gemma_ ? std::vector<double>() : gguf_.numbers(key("scores"));
      if (is_gemma_)
        for (size_t id = 0; id < tokens_.size(); ++id) scores.push_back(-static_cast<double>(id));
      add_merges_by_score(out_.file, scores);
    }
  }

  void add_merge(std::string_view merge) {
    const size_t space = merge.find(' ', 1);
    if (merge.empty() || space == std::string_view::npos || space + 1 == merge.size() ||
        find_invalid_utf8(merge))
      gguf_.fail(key("merges"),
                 str_cat("number ", out_.file.merges.size() / 2, " is not two tokens with a space between"));
    out_.file.merges.push_back(merge.substr(0, space));
    out_.file.merges.push_back(merge.substr(space + 1));
  }

  std::optional<int64_t> id_named(const char* name) const {
    return gguf_token_id(gguf_, key(name), tokens_.size());
  }
  std::optional<std::string> token_named(const char* name) const {
    const auto id = id_named(name);
    return id ? std::optional(spelling(tokens_[static_cast<size_t>(*id)])) : std::nullopt;
  }

  // BOS, EOS and the like, by name and as special tokens.
  void name_tokens() {
    out_.config = {{"tokenizer_class", is_gemma_ ? "GemmaTokenizer" : "PreTrainedTokenizerFast"},
                   {"clean_up_tokenization_spaces", false},
                   {"model_max_length", 1000000000000000000}};
    if (model_ == "llama") out_.config["padding_side"] = "left";
    for (const auto& [name, id_key] : kGgufNamedTokens) {
      const auto id = gguf_token_id(gguf_, id_key, tokens_.size());
      if (!id) continue;
      out_.config[name] = spelling(tokens_[static_cast<size_t>(*id)]);
      special_.push_back(*id);
    }
    for (const char* name : {"eot_token_id", "eom_token_id"})
      if (const auto id = id_named(name)) special_.push_back(*id);
    out_.settings.bos = token_named("bos_token_id");
    out_.settings.eos = token_named("eos_token_id");
    adds_bos_ = gguf_.flag(key("add_bos_token"), adds_bos_) && out_.settings.bos;
    adds_eos_ = gguf_.flag(key("add_eos_token"), false) && out_.settings.eos;
    out_.config["add_bos_token"] = adds_bos_;
    out_.config["add_eos_token"] = adds_eos_;
  }

  Json added_tokens() const {
    Json added = Json::array();
    for (size_t id = 0; id < tokens_.size(); ++id) {
      const bool is_special =
          (!kinds_.empty() && kinds_[id] == kControl) ||
          std::find(special_.begin(), special_.end(), static_cast<int64_t>(id)) != special_.end();
      // Runs of spaces that became marks are found by the merges.
      const bool is_users =
          !kinds_.empty() && kinds_[id] == kUserDefined && spelling(tokens_[id]) == tokens_[id];
      if ((!is_special && !is_users) || tokens_[id].empty()) continue;
      added.push_back({{"id", id},
                       {"content", std::string(tokens_[id])},
                       {"single_word", false},
                       {"lstrip", false},
                       {"rstrip", false},
                       {"normalized", false},
                       {"special", is_special}});
    }
    return added;
  }

  Json post_processor() const {
    if (!adds_bos_ && !adds_eos_) return nullptr;
    Json tokens = Json::object();
    const auto around = [&](const char* text, int type) {
      Json parts = Json::array();
      const auto put = [&](bool wanted, const char* id_key) {
        if (!wanted) return;
        const std::string name = *token_named(id_key);
        parts.push_back({{"SpecialToken", {{"id", name}, {"type_id", type}}}});
        tokens[name] = {
            {"id", name}, {"ids", Json::array({*id_named(id_key)})}, {"tokens", Json::array({name})}};
      };
      put(adds_bos_, "bos_token_id");
      parts.push_back({{"Sequence", {{"id", text}, {"type_id", type}}}});
      put(adds_eos_, "eos_token_id");
      return parts;
    };
    const Json single = around("A", 0);
    Json pair = single;
    for (const Json& part : around("B", 1)) pair.push_back(part);
    return {{"type", "TemplateProcessing"}, {"single", single}, {"pair", pair}, {"special_tokens", tokens}};
  }

  const Gguf& gguf_;
  const std::vector<std::string_view> tokens_;
  const std::string model_;
  bool is_gemma_ = false, adds_bos_ = false, adds_eos_ = false;
  std::vector<double> kinds_;     // of each token; empty: not told
  std::vector<int64_t> special_;  // ids with a name
  GgufTokenizer out_;
};

}  // namespace

GgufTokenizer read_gguf_tokenizer(const Gguf& gguf) { return GgufTokenizerReader(gguf).run(); }

Padding read_gguf_padding(const Gguf& gguf) {
  constexpr const char* kPad = "tokenizer.ggml.padding_token_id";
  constexpr const char* kEos = "tokenizer.ggml.eos_token_id";
  Padding padding;
  // The tokenizer classes of these files, Llama's and Gemma's, pad on the left.
  padding.is_left = gguf.text("tokenizer.ggml.model", "") == "llama";
  for (const char* key : {kEos, kPad})
    if (gguf.has(key)) padding.id = gguf.integer(key);
  return padding;
}

bool is_gguf_file(const std::filesystem::path& model) {
  std::error_code code;
  return model.extension() == ".gguf" && std::filesystem::is_regular_file(model, code);
}

}  // namespace xlt
