// SPDX-License-Identifier: Apache-2.0
#include "text/token_model.h"

#include <algorithm>
#include <cstdio>

#include "xlt/base/join.h"

namespace xlt {

namespace {

struct ModelType {
  const char* type;
  std::unique_ptr<TokenModel> (*make)(TokenizerFile&);
};
constexpr ModelType kModels[] = {
#define X(name, type) {type, make_##name##_model},
#include "text/token_models.def"
#undef X
};

// Memory is in proportion to the largest id, so a lying file must not name a huge one.
void check_ids(const TokenizerFile& file) {
  if (file.ids.empty())
    throw Error(ErrorKind::kCheckpoint, "the vocabulary is absent or empty", file.place + ": model.vocab");
  const auto largest = std::max_element(file.ids.begin(), file.ids.end());
  if (static_cast<size_t>(*largest) > 4 * file.ids.size() + 1000)
    throw Error(ErrorKind::kCheckpoint,
                str_cat("the id ", *largest, " is out of range for ", file.ids.size(), " tokens"),
                str_cat(file.place, ": model.vocab[\"", file.tokens[largest - file.ids.begin()], "\"]"));
}

}  // namespace

TokenModel::TokenModel(TokenizerFile& file) {
  check_ids(file);
  vocabulary_ = Vocabulary(std::move(file.tokens), file.ids);
}

std::optional<int64_t> TokenModel::id_of(std::string_view token) const {
  const int32_t id = vocabulary_.id_of(token);
  return id < 0 ? std::nullopt : std::optional<int64_t>(id);
}

std::unique_ptr<TokenModel> make_token_model(TokenizerFile& file) {
  const JsonView model = JsonView(file.rest, file.place, ErrorKind::kCheckpoint).at("model");
  const std::string type = model.get("type", "BPE");
  for (const ModelType& row : kModels)
    if (type == row.type) return row.make(file);
  model.at("type").fail(str_cat("tokenizer model \"", type,
                                "\" is not supported; supported: ", join(kModels, ", ", &ModelType::type)));
}

std::vector<int32_t> find_byte_ids(const Vocabulary& vocabulary) {
  std::vector<int32_t> ids(256);
  for (int byte = 0; byte < 256; ++byte) {
    char name[8];
    std::snprintf(name, sizeof name, "<0x%02X>", byte);
    ids[byte] = vocabulary.id_of(name);
  }
  return ids;
}

int32_t find_unknown_id(const JsonView& model, const char* key, const Vocabulary& vocabulary) {
  const std::string unknown = model.get(key, "");
  if (unknown.empty()) return -1;
  const int32_t id = vocabulary.id_of(unknown);
  if (id < 0) model.at(key).fail(str_cat("\"", unknown, "\" is not in the vocabulary"));
  return id;
}

}  // namespace xlt
