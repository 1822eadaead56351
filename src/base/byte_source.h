// SPDX-License-Identifier: Apache-2.0
// Bytes of a file, pipe or device, one after the other. A pipe may keep its reader waiting for ever, for a
// writer to come or for one to write: an interrupt ends that (xlt/base/waiting.h).
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

namespace xlt {

class ByteSource {
 public:
  // Throws kIo.
  explicit ByteSource(const std::filesystem::path& file);
  ~ByteSource();
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;
  // How many bytes came; 0: the end. Throws kIo, kInterrupted.
  size_t read(std::span<char> into);
  size_t size_hint() const { return size_hint_; }  // 0 of what has no size

 private:
  void wait() const;
  std::filesystem::path file_;
  int descriptor_ = -1;
  bool may_wait_ = false;
  size_t size_hint_ = 0;
};

// Of a pipe that is opened to be written: waits for a reader, heeding interrupts. Throws kIo, kInterrupted.
int open_to_write(const std::filesystem::path& file);

}  // namespace xlt
