// SPDX-License-Identifier: Apache-2.0
#include "text/fasttext_file.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "xlt/base/error.h"

namespace xlt {

namespace {

constexpr int32_t kMagic = 793712314, kNewestVersion = 12;
constexpr uint64_t kCentroids = 256;  // of a product quantiser (Jégou et al. 2011)
constexpr int32_t kSupervised = 3;    // fastText's model_name::sup
constexpr int32_t kLosses = 4;        // hs, ns, softmax, ova are 1 … 4
// Real models use 1 to 5 words and 2 to 6 characters.
constexpr int32_t kMostNgrams = 50;
// fastText's Huffman tree begins with counts of 10^15 for what is not there yet.
constexpr int64_t kMostCounts = 1'000'000'000'000'000;

struct Truncated {};
struct Fault {
  std::string what;
};
template <typename... Parts>
void require(bool holds, const Parts&... parts) {
  if (!holds) throw Fault{str_cat(parts...)};
}

// The first 4-byte options of a file, in its order; one double follows.
struct Options {
  int32_t dimensions, window, epochs, min_count, negatives, word_ngrams, loss, model, bucket, min_characters,
      max_characters, update_rate;
};

// Walks over the file in the order in which FastText::saveModel wrote it, and holds its parts against one
// another: the library takes every count for an index without a look.
class Walker {
 public:
  explicit Walker(std::span<const std::byte> bytes) : bytes_(bytes) {}

  void run() {
    require(bytes_.size() >= 8 && take<int32_t>() == kMagic,
            "not a fastText model; expected a file such as lid.176.ftz");
    const auto version = take<int32_t>();
    require(version <= kNewestVersion, "fastText format version ", version,
            " is not supported; the newest known is ", kNewestVersion);
    options_ = take<Options>();
    skip(sizeof(double));
    if (version == 11 && options_.model == kSupervised) options_.max_characters = 0;  // as fastText does
    check_options();
    dictionary();
    const bool is_quantised = flag("quantised input");
    require(is_quantised || num_pruned_ < 0,
            "damaged fastText model: pruned, but its input is not quantised");
    const auto rows = matrix(is_quantised, "input");
    require(rows >= input_rows(), "damaged fastText model: ", rows, " rows of input for ", num_words_,
            " words and ", input_rows() - num_words_, " n-grams");
    const bool is_output_quantised = flag("quantised output");
    const auto outputs = matrix(is_quantised && is_output_quantised, "output");
    require(outputs == num_labels_, "damaged fastText model: ", outputs, " rows of output for ", num_labels_,
            " labels");
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
  // To read any other value as a bool is undefined.
  bool flag(const char* what) {
    const auto byte = take<uint8_t>();
    require(byte <= 1, "damaged fastText model: the flag \"", what, "\" is ", int{byte}, ", neither 0 nor 1");
    return byte == 1;
  }

  bool has_ngrams() const { return options_.max_characters > 0 || options_.word_ngrams > 1; }
  int64_t input_rows() const {
    if (num_pruned_ >= 0) return num_words_ + num_pruned_;
    return num_words_ + (has_ngrams() ? int64_t{options_.bucket} : 0);
  }

  void check_options() const {
    const Options& o = options_;
    require(o.model == kSupervised, "a fastText model without labels (word vectors); expected a classifier");
    require(o.dimensions > 0, "damaged fastText model: ", o.dimensions, " dimensions");
    require(o.loss >= 1 && o.loss <= kLosses, "damaged fastText model: unknown loss ", o.loss);
    require(o.word_ngrams <= kMostNgrams && o.max_characters >= 0 && o.max_characters <= kMostNgrams,
            "damaged fastText model: n-grams of ", o.word_ngrams, " words and ", o.max_characters,
            " characters");
    require(o.bucket > 0 || (o.bucket == 0 && !has_ngrams()), "damaged fastText model: ", o.bucket,
            " buckets for its n-grams");
  }

  void dictionary() {
    const auto num_entries = take<int32_t>(), num_words = take<int32_t>(), num_labels = take<int32_t>();
    skip(sizeof(int64_t));  // tokens
    num_pruned_ = std::max<int64_t>(-1, take<int64_t>());
    num_words_ = num_words;
    num_labels_ = num_labels;
    require(num_words >= 0 && num_labels > 0 && num_entries == num_words_ + num_labels_,
            "damaged fastText model: ", num_entries, " entries for ", num_words, " words and ", num_labels,
            " labels");
    for (int32_t i = 0; i < num_entries; ++i) entry(i >= num_words);
    // Each takes 4 bytes; of a real model they take less than the rest of it.
    require(num_ngrams_ <= 16 * bytes_.size() + 1'000'000, "damaged fastText model: ", num_ngrams_,
            " n-grams in the words of its dictionary");
    for (int64_t i = 0; i < num_pruned_; ++i) {
      skip(sizeof(int32_t));
      const auto row = take<int32_t>();
      require(row >= 0 && row < num_pruned_, "damaged fastText model: a pruned n-gram in row ", row, " of ",
              num_pruned_);
    }
  }

  // A word or label, its count and its kind; words stand before labels.
  void entry(bool is_label) {
    const size_t begin = at_;
    while (take<char>() != '\0') continue;
    const uint64_t length = at_ - begin;
    num_ngrams_ += length * std::min<uint64_t>(length, static_cast<uint64_t>(options_.max_characters));
    const auto count = take<int64_t>();
    const auto kind = take<int8_t>();
    require(kind == (is_label ? 1 : 0),
            "damaged fastText model: words and labels are not as many as it says");
    if (!is_label) return;
    require(count > 0 && count < kMostCounts - counts_, "damaged fastText model: a label was seen ", count,
            " times");
    counts_ += count;
  }

  // Its number of rows.
  int64_t matrix(bool is_quantised, const char* what) {
    const bool has_norms = is_quantised && flag("norms");
    const auto rows = take<int64_t>(), columns = take<int64_t>();
    require(rows >= 0 && columns == options_.dimensions, "damaged fastText model: ", what, " of ", rows,
            " × ", columns, " for ", options_.dimensions, " dimensions");
    if (!is_quantised) {
      skip(static_cast<uint64_t>(rows), static_cast<uint64_t>(columns), sizeof(float));
      return rows;
    }
    const auto code_bytes = take<int32_t>();
    skip(static_cast<uint32_t>(code_bytes));
    const int64_t parts = quantiser(options_.dimensions, what);
    require(rows <= code_bytes / parts && rows * parts == code_bytes, "damaged fastText model: ", code_bytes,
            " codes for ", rows, " rows of ", parts, " parts");
    if (!has_norms) return rows;
    skip(static_cast<uint64_t>(rows));
    quantiser(1, "norms");
    return rows;
  }

  // Vectors of `expected` dimensions in parts of equal size, but for the last. Returns the number of parts.
  int64_t quantiser(int32_t expected, const char* what) {
    const auto dimensions = take<int32_t>(), parts = take<int32_t>(), size = take<int32_t>(),
               last = take<int32_t>();
    require(dimensions == expected && parts > 0 && size > 0 && last > 0 && last <= size &&
                int64_t{parts - 1} * size + last == dimensions,
            "damaged fastText model: the quantiser of the ", what, " cuts ", dimensions, " dimensions into ",
            parts, " parts of ", size, ", the last of ", last);
    skip(static_cast<uint32_t>(dimensions), kCentroids, sizeof(float));
    return parts;
  }

  std::span<const std::byte> bytes_;
  size_t at_ = 0;
  Options options_{};
  int64_t num_words_ = 0, num_labels_ = 0, num_pruned_ = -1, counts_ = 0;  // −1: not pruned
  uint64_t num_ngrams_ = 0;
};

}  // namespace

std::string fault_of_fasttext_file(std::span<const std::byte> bytes) {
  try {
    Walker(bytes).run();
    return "";
  } catch (const Truncated&) {
    return str_cat("truncated or damaged fastText model of ", bytes.size(), " bytes; download it again");
  } catch (const Fault& fault) {
    return fault.what;
  }
}

}  // namespace xlt
