// SPDX-License-Identifier: Apache-2.0
// TensorBoard's event files, by their documented formats: TFRecord framing (length, its masked CRC-32C,
// bytes, theirs) around Event messages of event.proto and summary.proto, of which scalars are written.
//
//   EventFile events("RUN/tensorboard/events.out.tfevents.xlt", /*begin=*/unix_seconds);
//   events.rewrite(rows); events.append(row);      // rows of metrics.jsonl
//
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "xlt/base/json_fwd.h"

namespace xlt {

// CRC-32C (Castagnoli), and as TFRecord masks it.
uint32_t crc32c(std::string_view bytes);
uint32_t masked_crc32c(std::string_view bytes);

class EventFile {
 public:
  // `begin`: seconds since 1970 at which the training began; a row's time is that and its "seconds".
  EventFile(std::filesystem::path file, double begin) : file_(std::move(file)), begin_(begin) {}
  // The file holds these rows and no others.
  void rewrite(const std::vector<Json>& rows) const;
  // Scalars of a row: its numbers, those within objects too, called "eval/loss", "eval/monitor/de/kl_to_base"
  // by its "split"; what is null is left out. Throws kIo.
  void append(const Json& row) const;

 private:
  std::string record_of(const Json& row) const;
  std::filesystem::path file_;
  double begin_;
};

}  // namespace xlt
