// SPDX-License-Identifier: Apache-2.0
// Log-probs of sequences under one reference model, kept on disk by content, so that another run on the same
// rows, with another loss, β, seed or number of epochs, computes none of them again.
//
//   DIR/<model>/<content>.safetensors      keys [N, 16] uint8: hash of a sequence's tokens and of where its labels
//                                          begin; logps [N] float32
//
// Files are only ever added, each whole (temporary, then renamed) and named after what it holds, so that
// several runs may use one folder at a time. One thread.
#pragma once

#include "train/train_row.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "xlt/base/context.h"
#include "xlt/base/hash128.h"

namespace xlt {

class ReferenceStore {
 public:
  // Reads what `folder` holds, and makes it where it is not there. A file that cannot be read is passed over
  // with a warning: its sequences are computed again. Throws kIo if the folder cannot be made. Borrows
  // `context`.
  ReferenceStore(std::filesystem::path folder, const Context& context);

  // The stored values of a row's sequences; nothing unless all are there.
  std::optional<std::vector<float>> find(const TrainRow& row);
  void add(const TrainRow& row, const float* logps);  // of the sequences not yet there
  // Writes what was added since the last time to a file of its own. Where that is not possible it says so,
  // once, and keeps to memory: a full disk is no reason to stop a training.
  void flush();

  // For ranks that train together: from now on what is added is also kept for `take_news`, and `flush` writes
  // only where `writes`.
  void share_among_ranks(bool writes);
  // What was added, and found for the first time, since the last call; as bytes for another rank's
  // `add_news`.
  std::string take_news();
  void add_news(std::string_view news);

  // Rows added, and rows found that an earlier process had stored; each content once.
  int64_t num_computed() const { return num_computed_; }
  int64_t num_reused() const { return num_reused_; }

 private:
  struct KeyHash {
    size_t operator()(const Hash128& key) const { return static_cast<size_t>(key.low); }
  };
  struct Entry {
    float logp;
    bool is_from_before;
  };
  void read_file_of(const std::filesystem::path& file);
  void write_unwritten() const;
  void add_entry(const Hash128& key, float logp);
  void note(const Hash128& row, std::span<const std::pair<Hash128, float>> added);

  std::filesystem::path folder_;
  const Context& context_;
  bool can_write_ = true, keeps_news_ = false;
  std::string news_;
  std::unordered_map<Hash128, Entry, KeyHash> entries_;
  std::vector<std::pair<Hash128, float>> unwritten_;
  std::unordered_set<Hash128, KeyHash> counted_;  // rows
  int64_t num_computed_ = 0, num_reused_ = 0;
};

}  // namespace xlt
