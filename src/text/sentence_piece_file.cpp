// SPDX-License-Identifier: Apache-2.0
#include "text/sentence_piece_file.h"

#include "text/character_map.h"

#include <algorithm>
#include <string_view>

#include "xlt/base/error.h"
#include "xlt/base/file.h"

// SentencePiece's library and libtorch's each have a global of this name, of 32 and of 4 bytes. The loader
// makes them one, and what the larger one's constructor writes runs over the smaller: into the switch by
// which libtorch's errors end the process. The program's own definition comes before both, and holds either.
extern "C" {
[[gnu::used, gnu::visibility("default")]] alignas(64) char FLAGS_minloglevel[256];
}

namespace xlt {

namespace {

using sentencepiece::SentencePieceProcessor;

// Fields of a serialised protocol buffer, to look at what the library takes on trust:
// ModelProto { repeated SentencePiece pieces = 1 { piece = 1 }; NormalizerSpec normalizer_spec = 3 {
// precompiled_charsmap = 2 }; NormalizerSpec denormalizer_spec = 5 }
struct Field {
  uint64_t number = 0, value = 0;  // number 0: damaged, or of a group, which nobody writes
  std::string_view bytes;          // of a length-delimited field
};

uint64_t take_varint(std::string_view& bytes) {
  uint64_t value = 0;
  for (int shift = 0; shift < 64 && !bytes.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(bytes[0]);
    bytes.remove_prefix(1);
    value |= uint64_t{byte & 0x7Fu} << shift;
    if (byte < 0x80) break;
  }
  return value;
}

Field take_field(std::string_view& bytes) {
  const uint64_t key = take_varint(bytes);
  Field field{.number = key <= UINT32_MAX ? key >> 3 : 0};
  uint64_t skip = 0;
  switch (key & 7) {
    case 0:
      field.value = take_varint(bytes);
      break;
    case 1:
      skip = 8;
      break;
    case 2:
      skip = take_varint(bytes);
      break;
    case 5:
      skip = 4;
      break;
    default:
      field.number = 0;
  }
  if (skip > bytes.size()) field.number = 0;
  skip = std::min<uint64_t>(skip, bytes.size());
  field.bytes = bytes.substr(0, skip);
  bytes.remove_prefix(skip);
  return field;
}

// Real pieces have up to 16 characters, 64 bytes. Every way to cut a piece in two is tried, so long ones
// cost.
constexpr size_t kLongestPiece = 512;

// What is read here and what the library reads must be the same, so a message is refused where this could go
// astray.
constexpr const char* kDamaged = "damaged";

// A NormalizerSpec. Where one stands twice the library reads both into one, so each map counts.
std::string fault_of_normalizer(std::string_view normalizer) {
  while (!normalizer.empty()) {
    const Field field = take_field(normalizer);
    if (field.number == 0) return kDamaged;
    if (field.number != 2 || field.bytes.empty()) continue;
    if (std::string fault = fault_of_character_map(field.bytes); !fault.empty()) return fault;
  }
  return "";
}

std::string fault_of_piece(std::string_view piece) {
  std::string_view text;
  while (!piece.empty()) {
    const Field field = take_field(piece);
    if (field.number == 0) return kDamaged;
    if (field.number == 1) text = field.bytes;
  }
  // The library's trie takes a NUL for the end.
  if (text.empty() || text.find('\0') != std::string_view::npos) return "is empty or holds a NUL";
  if (text.size() > kLongestPiece) return str_cat("has ", text.size(), " bytes; at most ", kLongestPiece);
  return "";
}

// What the library would not survive: pieces of nothing, a character map with lying indices.
std::string fault_of(std::string_view model) {
  size_t num_pieces = 0;
  while (!model.empty()) {
    const Field field = take_field(model);
    if (field.number == 0) return kDamaged;
    if (field.number == 1)
      if (const std::string fault = fault_of_piece(field.bytes); !fault.empty())
        return str_cat("piece ", num_pieces, " ", fault);
    if (field.number == 3 || field.number == 5)
      if (std::string fault = fault_of_normalizer(field.bytes); !fault.empty()) return fault;
    num_pieces += field.number == 1;
  }
  return "";
}

}  // namespace

std::unique_ptr<SentencePieceProcessor> load_sentence_piece_processor(const std::filesystem::path& file) {
  const std::string bytes = read_file(file);
  const auto refuse = [&](const std::string& reason) -> Error {
    return Error(ErrorKind::kCheckpoint, "not a SentencePiece model: " + reason, file.string());
  };
  if (const std::string fault = fault_of(bytes); !fault.empty()) throw refuse(fault);
  auto processor = std::make_unique<SentencePieceProcessor>();
  std::string reason;
  try {
    if (const auto status = processor->LoadFromSerializedProto(bytes); !status.ok())
      reason = status.ToString();
  } catch (const std::exception& error) {  // of its trie
    reason = error.what();
  }
  if (!reason.empty()) throw refuse(reason);
  return processor;
}

}  // namespace xlt
