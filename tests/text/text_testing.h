// SPDX-License-Identifier: Apache-2.0
// Tiny tokenizers for the tests of `text`.
#pragma once

#include <concepts>
#include <filesystem>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/json.h"
#include "xlt/text/tokenizer.h"

namespace xlt {

// A folder that is gone when the test is.
class TemporaryFolder {
 public:
  TemporaryFolder()
      : path_(std::filesystem::temp_directory_path() / str_cat("xlt_text_test_", std::random_device()())) {
    std::filesystem::create_directories(path_);
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }
  void write(const char* name, std::string_view text) const { write_file(path_ / name, text); }
  // Not for what merely converts to JSON, as strings do.
  template <std::same_as<Json> J>
  void write(const char* name, const J& json) const {
    write(name, std::string_view(dump_json(json)));
  }

 private:
  std::filesystem::path path_;
};

// A tokenizer.json with the tokens 0, 1, 2 … in that order, and BPE merges "left right".
inline Json tokenizer_json(const std::vector<std::string>& tokens, const std::vector<std::string>& merges) {
  Json json = Json::parse(R"({"version": "1.0", "added_tokens": [], "normalizer": null, "pre_tokenizer": null,
      "post_processor": null, "decoder": {"type": "Fuse"},
      "model": {"type": "BPE", "unk_token": null, "fuse_unk": false, "byte_fallback": false, "vocab": {}}})");
  for (size_t i = 0; i < tokens.size(); ++i) json["model"]["vocab"][tokens[i]] = i;
  json["model"]["merges"] = merges;
  return json;
}

inline Json added_token(int64_t id, const std::string& content, const Json& attributes = Json::object()) {
  Json token = {{"id", id},        {"content", content},  {"single_word", false}, {"lstrip", false},
                {"rstrip", false}, {"normalized", false}, {"special", false}};
  token.update(attributes);
  return token;
}

inline std::unique_ptr<Tokenizer> load_json(const Json& json) {
  TemporaryFolder folder;
  folder.write("tokenizer.json", json);
  return load_tokenizer(folder.path());
}

// What loading `folder` complains of: "context: message" without the folder's name, or "" if it does not.
inline std::string complaint_of(const TemporaryFolder& folder) {
  try {
    load_tokenizer(folder.path());
    return "";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kCheckpoint) << error.what();
    std::string text = error.what();
    if (const size_t at = text.find(folder.path().string()); at != std::string::npos)
      text.erase(at, folder.path().string().size());
    return text;
  }
}

using Ids = std::vector<int64_t>;

inline Ids encode(const Tokenizer& tokenizer, std::string_view text) {
  return tokenizer.encode(text, SpecialTokens::kNone);
}

}  // namespace xlt
