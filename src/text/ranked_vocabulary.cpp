// SPDX-License-Identifier: Apache-2.0
#include "text/ranked_vocabulary.h"

#include "text/byte_level.h"
#include "text/growth.h"
#include "text/utf8.h"
#include "text/vocabulary.h"

#include <algorithm>

namespace xlt {

namespace {

// Bytes; Llama's, Mistral's and Qwen's have 128 at most. A token's halves are looked for at every place where
// it can be cut, which takes the square of its length.
constexpr size_t kLongestToken = 1024;

void check_tokens(const RankedVocabulary& from, const Vocabulary& known) {
  const auto fail = [&](const std::string& message) {
    throw Error(ErrorKind::kCheckpoint, message, from.place);
  };
  for (size_t rank = 0; rank < from.tokens.size(); ++rank) {
    if (from.tokens[rank].empty()) fail(str_cat("the token of rank ", rank, " is empty"));
    if (from.tokens[rank].size() > kLongestToken)
      fail(str_cat("the token of rank ", rank, " has ", from.tokens[rank].size(), " bytes; at most ",
                   kLongestToken));
    if (known.id_of(bytes_to_characters(from.tokens[rank])) != from.first_id + static_cast<int64_t>(rank))
      fail(str_cat("the token of rank ", rank, " stands twice"));
  }
  for (int byte = 0; byte < 256; ++byte)
    if (known.id_of(bytes_to_characters(std::string(1, static_cast<char>(byte)))) < 0)
      fail(str_cat("the byte ", byte, " is not among the tokens"));
}

// Where "a", "aa" and so on to a thousand are tokens, every cut of each is a merge: the cube of their number
// in bytes. The merges of published vocabularies hold two to three times the bytes of their tokens.
void check_merges(const TokenizerFile& out) {
  const size_t limit = growth_limit(out.tokens.text().size());
  if (out.merges.text().size() > limit)
    throw Error(
        ErrorKind::kCheckpoint,
        str_cat("its tokens can be put together from one another in so many ways that the merges hold "
                "more than ",
                limit, " bytes, 64 times the tokens; no real vocabulary does"),
        out.place);
}

// Of a token's halves those of lower ranks first.
void add_merges(TokenizerFile& out, const Vocabulary& known) {
  struct Halves {
    int32_t left_id, right_id;
    size_t cut;
  };
  std::vector<Halves> ways;
  for (size_t rank = 0; rank < out.tokens.size(); ++rank) {
    out.throw_if_interrupted(rank);
    const std::string_view token = out.tokens[rank];
    ways.clear();
    for (size_t cut = utf8_length(token[0]); cut < token.size(); cut += utf8_length(token[cut])) {
      const int32_t left = known.id_of(token.substr(0, cut)), right = known.id_of(token.substr(cut));
      if (left >= 0 && right >= 0) ways.push_back({left, right, cut});
    }
    std::sort(ways.begin(), ways.end(), [](const Halves& a, const Halves& b) {
      return std::pair(a.left_id, a.right_id) < std::pair(b.left_id, b.right_id);
    });
    for (const Halves& way : ways) {
      out.merges.push_back(token.substr(0, way.cut));
      out.merges.push_back(token.substr(way.cut));
    }
    check_merges(out);
  }
}

Json added_tokens_of(const RankedVocabulary& from) {
  Json added = Json::array();
  for (const auto& [id, content] : from.special)
    added.push_back({{"id", id}, {"content", content}, {"special", true}, {"normalized", false}});
  return added;
}

Json template_of(const RankedVocabulary& from, const TokenizerSettings& settings) {
  Json single = Json::array(), tokens = Json::object();
  const auto put = [&](bool wanted, const std::string& name) {
    for (const auto& [id, content] : from.special)
      if (wanted && content == name) {
        single.push_back({{"SpecialToken", {{"id", name}, {"type_id", 0}}}});
        tokens[name] = {{"id", name}, {"ids", Json::array({id})}};
      }
  };
  put(settings.add_bos.value_or(true), from.bos);
  single.push_back({{"Sequence", {{"id", "A"}, {"type_id", 0}}}});
  put(settings.add_eos.value_or(false), from.eos);
  return {{"type", "TemplateProcessing"}, {"single", single}, {"special_tokens", tokens}};
}

}  // namespace

TokenizerFile tokenizer_file_of(const RankedVocabulary& from, TokenizerSettings& settings,
                                const Context& context) {
  TokenizerFile out;
  out.context = context;
  out.place = from.place;
  for (size_t rank = 0; rank < from.tokens.size(); ++rank) {
    out.tokens.push_back(bytes_to_characters(from.tokens[rank]));
    out.ids.push_back(static_cast<int32_t>(from.first_id + static_cast<int64_t>(rank)));
  }
  const Vocabulary known(out.tokens, out.ids);
  check_tokens(from, known);
  add_merges(out, known);
  const Json split = {
      {"type", "Split"}, {"pattern", {{"Regex", from.pattern}}}, {"behavior", "Isolated"}, {"invert", false}};
  const Json bytes = {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", false}};
  out.rest = {{"pre_tokenizer", {{"type", "Sequence"}, {"pretokenizers", Json::array({split, bytes})}}},
              {"decoder", {{"type", "ByteLevel"}}},
              {"model", {{"type", "BPE"}, {"ignore_merges", true}}},
              {"added_tokens", added_tokens_of(from)},
              {"post_processor", template_of(from, settings)}};
  if (!settings.bos) settings.bos = from.bos;
  if (!settings.eos) settings.eos = from.eos;
  return out;
}

}  // namespace xlt
