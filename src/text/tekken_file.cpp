// SPDX-License-Identifier: Apache-2.0
#include "text/tekken_file.h"

#include "text/base64.h"

#include "xlt/base/json.h"

namespace xlt {

namespace {

// Of files that name none (the first two versions).
constexpr const char* kSpecialTokens[] = {"<unk>",
                                          "<s>",
                                          "</s>",
                                          "[INST]",
                                          "[/INST]",
                                          "[AVAILABLE_TOOLS]",
                                          "[/AVAILABLE_TOOLS]",
                                          "[TOOL_RESULTS]",
                                          "[/TOOL_RESULTS]",
                                          "[TOOL_CALLS]",
                                          "[IMG]",
                                          "<pad>",
                                          "[IMG_BREAK]",
                                          "[IMG_END]",
                                          "[PREFIX]",
                                          "[MIDDLE]",
                                          "[SUFFIX]",
                                          "[SYSTEM_PROMPT]",
                                          "[/SYSTEM_PROMPT]",
                                          "[TOOL_CONTENT]"};
// More than any vocabulary has. Of special tokens (published files have 1,000) the file need not name one,
// so that nothing but this bounds what a few bytes may ask for.
constexpr int64_t kMostTokens = 10'000'000, kMostSpecialTokens = 20'000;

int64_t count_in(const JsonView& config, const char* key, int64_t least, int64_t most) {
  const int64_t count = config.at(key).as_int();
  if (count < least || count > most) config.at(key).fail(str_cat(count, " is out of range"));
  return count;
}

void add_special_tokens(RankedVocabulary& out, const JsonView& root, int64_t count) {
  std::vector<std::string> names(static_cast<size_t>(count));
  for (int64_t id = 0; id < count; ++id) names[id] = str_cat("<SPECIAL_", id, ">");
  if (root.has("special_tokens")) {
    const JsonView list = root.at("special_tokens");
    for (size_t i = 0; i < list.size(); ++i) {
      const int64_t id = list.at(i).at("rank").as_int();
      if (id < 0 || id >= count)
        list.at(i).at("rank").fail(str_cat("is not among the first ", count, " ids"));
      names[id] = list.at(i).at("token_str").as_string();
    }
  } else {
    for (int64_t id = 0; id < std::min<int64_t>(count, std::size(kSpecialTokens)); ++id)
      names[id] = kSpecialTokens[id];
  }
  for (int64_t id = 0; id < count; ++id) out.special.emplace_back(id, names[id]);
}

}  // namespace

RankedVocabulary read_tekken_file(const std::filesystem::path& file) {
  const Json json = load_json(file, ErrorKind::kCheckpoint);
  const JsonView root(json, file.string(), ErrorKind::kCheckpoint);
  const JsonView config = root.at("config"), vocabulary = root.at("vocab");
  RankedVocabulary out;
  out.place = file.string();
  out.pattern = config.at("pattern").as_string();
  out.first_id = count_in(config, "default_num_special_tokens", 0, kMostSpecialTokens);
  const int64_t count = count_in(config, "default_vocab_size", out.first_id, kMostTokens) - out.first_id;
  if (count > static_cast<int64_t>(vocabulary.size()))
    vocabulary.fail(str_cat("has ", vocabulary.size(), " tokens; config names ", count));
  for (int64_t rank = 0; rank < count; ++rank) {
    const JsonView token = vocabulary.at(rank);
    if (token.at("rank").as_int() != rank) token.at("rank").fail(str_cat("expected ", rank));
    auto bytes = decode_base64(token.at("token_bytes").as_string());
    if (!bytes) token.at("token_bytes").fail("is not base64");
    out.tokens.push_back(std::move(*bytes));
  }
  add_special_tokens(out, root, out.first_id);
  out.bos = "<s>";
  out.eos = "</s>";
  return out;
}

}  // namespace xlt
