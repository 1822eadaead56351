// SPDX-License-Identifier: Apache-2.0
#include "train/reference_store.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include <ATen/ops/empty.h>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/checkpoint/safetensors.h"

namespace xlt {

namespace {

constexpr const char *kKeys = "keys", *kLogps = "logps";
static_assert(sizeof(Hash128) == 16);

Hash128 key_of(const TrainSequence& sequence) {
  std::vector<int64_t> content = sequence.ids;
  content.push_back(sequence.first_label());
  return hash128({reinterpret_cast<const char*>(content.data()), content.size() * sizeof(int64_t)});
}

Hash128 key_of(const TrainRow& row) {
  std::vector<Hash128> keys;
  for (const TrainSequence& sequence : row.sequences) keys.push_back(key_of(sequence));
  return hash128({reinterpret_cast<const char*>(keys.data()), keys.size() * sizeof(Hash128)});
}

// A file is called by what it holds.
std::string content_name(const at::Tensor& keys, const at::Tensor& logps) {
  const auto bytes_of = [](const at::Tensor& tensor) {
    return std::string_view(static_cast<const char*>(tensor.const_data_ptr()), tensor.nbytes());
  };
  return to_hex(hash128(to_hex(hash128(bytes_of(keys))) + to_hex(hash128(bytes_of(logps)))));
}

std::vector<fs::path> files_in(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error))
    if (entry.path().extension() == ".safetensors" && !entry.path().filename().string().starts_with('.'))
      files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

ReferenceStore::ReferenceStore(fs::path folder, const Context& context)
    : folder_(std::move(folder)), context_(context) {
  make_folders(folder_);
  for (const fs::path& file : files_in(folder_)) {
    try {
      read_file_of(file);
    } catch (const Error& error) {
      context.warn(
          str_cat("stored reference log-probs are passed over: ", error.what(),
                  "; their rows are computed again where they are needed, and the file can be deleted"));
    }
  }
}

void ReferenceStore::read_file_of(const fs::path& file) {
  const auto reader = SafetensorsReader::open(file);
  const at::Tensor keys = reader.get(kKeys).contiguous(), logps = reader.get(kLogps).contiguous();
  const int64_t count = logps.numel();
  if (keys.scalar_type() != at::kByte || logps.scalar_type() != at::kFloat || logps.dim() != 1 ||
      keys.numel() != count * static_cast<int64_t>(sizeof(Hash128)))
    throw Error(ErrorKind::kCheckpoint, "is not a file of reference log-probs", file.string());
  if (content_name(keys, logps) != file.stem().string())
    throw Error(ErrorKind::kCheckpoint, "is damaged: it is called by other contents", file.string());
  const uint8_t* key = keys.const_data_ptr<uint8_t>();
  for (int64_t i = 0; i < count; ++i) {
    Hash128 hash;
    std::memcpy(&hash, key + i * sizeof(Hash128), sizeof(Hash128));
    const float logp = logps.const_data_ptr<float>()[i];
    if (std::isfinite(logp)) entries_.try_emplace(hash, Entry{logp, true});
  }
}

std::optional<std::vector<float>> ReferenceStore::find(const TrainRow& row) {
  std::vector<float> logps;
  bool is_from_before = false;
  for (const TrainSequence& sequence : row.sequences) {
    const auto entry = entries_.find(key_of(sequence));
    if (entry == entries_.end()) return std::nullopt;
    logps.push_back(entry->second.logp);
    is_from_before = is_from_before || entry->second.is_from_before;
  }
  if (is_from_before && counted_.insert(key_of(row)).second) {
    ++num_reused_;
    note(key_of(row), {});
  }
  return logps;
}

void ReferenceStore::add(const TrainRow& row, const float* logps) {
  if (counted_.insert(key_of(row)).second) ++num_computed_;
  std::vector<std::pair<Hash128, float>> added;
  for (const TrainSequence& sequence : row.sequences) added.emplace_back(key_of(sequence), *logps++);
  for (const auto& [key, logp] : added) add_entry(key, logp);
  note(key_of(row), added);
}

// What is not finite is reported where it is used, and nothing to keep.
void ReferenceStore::add_entry(const Hash128& key, float logp) {
  if (std::isfinite(logp) && entries_.try_emplace(key, Entry{logp, false}).second)
    unwritten_.emplace_back(key, logp);
}

void ReferenceStore::share_among_ranks(bool writes) {
  keeps_news_ = true;
  can_write_ = can_write_ && writes;
}

// News: of each row its key, the number of its sequences (0: it was found) and their keys and values.
void ReferenceStore::note(const Hash128& row, std::span<const std::pair<Hash128, float>> added) {
  if (!keeps_news_) return;
  const auto put = [&](const auto& value) {
    news_.append(reinterpret_cast<const char*>(&value), sizeof value);
  };
  put(row);
  put(static_cast<uint64_t>(added.size()));
  for (const auto& [key, logp] : added) {
    put(key);
    put(logp);
  }
}

std::string ReferenceStore::take_news() { return std::exchange(news_, {}); }

void ReferenceStore::add_news(std::string_view news) {
  const auto take = [&](auto value) {
    XLT_CHECK(news.size() >= sizeof value, "news of a rank end early");
    std::memcpy(&value, news.data(), sizeof value);
    news.remove_prefix(sizeof value);
    return value;
  };
  while (!news.empty()) {
    const Hash128 row = take(Hash128());
    const uint64_t count = take(uint64_t());
    if (counted_.insert(row).second) ++(count == 0 ? num_reused_ : num_computed_);
    for (uint64_t i = 0; i < count; ++i) {
      const Hash128 key = take(Hash128());
      add_entry(key, take(float()));
    }
  }
}

void ReferenceStore::flush() {
  if (unwritten_.empty() || !can_write_) return;
  try {
    write_unwritten();
    unwritten_.clear();
  } catch (const Error& error) {
    can_write_ = false;
    context_.warn(str_cat("reference log-probs are not kept for other runs: ", error.what()));
  }
}

void ReferenceStore::write_unwritten() const {
  const int64_t count = unwritten_.size();
  at::Tensor keys = at::empty({count, static_cast<int64_t>(sizeof(Hash128))}, at::kByte),
             logps = at::empty({count}, at::kFloat);
  for (int64_t i = 0; i < count; ++i) {
    const auto& [key, logp] = unwritten_[i];
    std::memcpy(keys.mutable_data_ptr<uint8_t>() + i * sizeof(Hash128), &key, sizeof(Hash128));
    logps.mutable_data_ptr<float>()[i] = logp;
  }
  save_safetensors(folder_ / (content_name(keys, logps) + ".safetensors"), {{kKeys, keys}, {kLogps, logps}});
}

}  // namespace xlt
