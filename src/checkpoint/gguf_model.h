// SPDX-License-Identifier: Apache-2.0
// A model in one GGUF file: config, tokenizer and weights.
#pragma once

#include "xlt/base/file.h"
#include "xlt/base/gguf.h"
#include "xlt/checkpoint/model_source.h"

namespace xlt {

class GgufModel : public ModelSource {
 public:
  // Throws as Gguf::open.
  explicit GgufModel(fs::path file) : file_(std::move(file)), gguf_(Gguf::open(file_)) {}

  const fs::path& path() const override { return file_; }
  Json config() const override;
  std::string config_place() const override { return file_.string() + " (metadata)"; }
  std::unique_ptr<WeightSource> weights() const override;
  std::vector<fs::path> weight_files() const override { return {file_}; }
  std::vector<fs::path> tokenizer_files() const override { return {}; }
  std::optional<fs::path> generation_config_file() const override { return std::nullopt; }
  // EOS, and where the file names them the ends of a turn and of a message.
  std::vector<int64_t> stop_token_ids() const override;
  void write_tokenizer(const fs::path& folder) const override;
  void write_generation_config(const fs::path& folder) const override;
  std::optional<std::string> header_hash() const override;

 private:
  fs::path file_;
  Gguf gguf_;
};

}  // namespace xlt
