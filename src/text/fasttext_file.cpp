// SPDX-License-Identifier: Apache-2.0
#include "text/fasttext_file.h"

#include <cstdint>
#include <cstring>

#include "xlt/base/error.h"

namespace xlt {

namespace {

constexpr int32_t kMagic = 793712314, kNewestVersion = 12;
constexpr int kNumOptions = 12;       // of 4 bytes each, followed by one double
constexpr uint64_t kCentroids = 256;  // of a product quantiser (Jégou et al. 2011)

struct Truncated {};

// Walks over the file in the order in which FastText::saveModel wrote it.
class Walker {
 public:
  explicit Walker(std::span<const std::byte> bytes) : bytes_(bytes) {}

  std::string run() {
    if (bytes_.size() < 8 || take<int32_t>() != kMagic)
      return "not a fastText model; expected a file such as lid.176.ftz";
    if (const auto version = take<int32_t>(); version > kNewestVersion)
      return str_cat("fastText format version ", version, " is not supported; the newest known is ",
                     kNewestVersion);
    skip(kNumOptions * sizeof(int32_t) + sizeof(double));
    dictionary();
    const bool is_quantised = take<bool>();
    matrix(is_quantised);
    const bool is_output_quantised = take<bool>();
    matrix(is_quantised && is_output_quantised);
    return "";
  }

 private:
  void skip(uint64_t count) {
    if (count > bytes_.size() - at_) throw Truncated();
    at_ += count;
  }
  // rows × columns × size, or Truncated if the file cannot hold that many.
  void skip(uint64_t rows, uint64_t columns, uint64_t size) {
    if (columns != 0 && rows > bytes_.size() / columns) throw Truncated();
    skip(rows * columns * size);
  }
  template <typename T>
  T take() {
    T value;
    const size_t begin = at_;
    skip(sizeof value);
    std::memcpy(&value, bytes_.data() + begin, sizeof value);
    return value;
  }

  void dictionary() {
    const auto num_entries = take<int32_t>();
    skip(2 * sizeof(int32_t) + sizeof(int64_t));  // words, labels; tokens
    const auto num_pruned = take<int64_t>();
    for (int32_t i = 0; i < num_entries; ++i) {
      while (take<char>() != '\0') continue;
      skip(sizeof(int64_t) + sizeof(int8_t));  // count, kind
    }
    if (num_pruned > 0) skip(num_pruned, 2, sizeof(int32_t));
  }

  void matrix(bool is_quantised) {
    const bool has_norms = is_quantised && take<bool>();
    const auto rows = static_cast<uint64_t>(take<int64_t>()),
               columns = static_cast<uint64_t>(take<int64_t>());
    if (!is_quantised) return skip(rows, columns, sizeof(float));
    skip(static_cast<uint32_t>(take<int32_t>()));
    quantiser();
    if (!has_norms) return;
    skip(rows);
    quantiser();
  }

  void quantiser() {
    const auto dimensions = static_cast<uint32_t>(take<int32_t>());
    skip(3 * sizeof(int32_t));
    skip(dimensions, kCentroids, sizeof(float));
  }

  std::span<const std::byte> bytes_;
  size_t at_ = 0;
};

}  // namespace

std::string fault_of_fasttext_file(std::span<const std::byte> bytes) {
  try {
    return Walker(bytes).run();
  } catch (const Truncated&) {
    return str_cat("truncated or damaged fastText model of ", bytes.size(), " bytes; download it again");
  }
}

}  // namespace xlt
