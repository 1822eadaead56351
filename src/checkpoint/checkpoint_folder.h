// SPDX-License-Identifier: Apache-2.0
// A Hugging Face checkpoint folder.
#pragma once

#include "xlt/base/file.h"
#include "xlt/checkpoint/model_source.h"

namespace xlt {

class CheckpointFolder : public ModelSource {
 public:
  explicit CheckpointFolder(fs::path folder) : folder_(std::move(folder)) {}

  const fs::path& path() const override { return folder_; }
  Json config() const override;
  std::string config_place() const override { return (folder_ / "config.json").string(); }
  std::unique_ptr<WeightSource> weights() const override;
  std::vector<fs::path> weight_files() const override;
  std::vector<fs::path> tokenizer_files() const override;
  std::optional<fs::path> generation_config_file() const override;
  std::vector<int64_t> stop_token_ids() const override;

 private:
  // `name` in the folder, where there is such a file.
  std::optional<fs::path> file(const char* name) const;
  fs::path folder_;
};

}  // namespace xlt
