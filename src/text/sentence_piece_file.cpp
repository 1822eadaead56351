// SPDX-License-Identifier: Apache-2.0
#include "text/sentence_piece_file.h"

#include "text/character_map.h"
#include "text/tokenizer_class.h"
#include "text/utf8.h"
#include "text/vocabulary.h"

#include <algorithm>
#include <string_view>

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

// Fields of a serialised protocol buffer, for the few that SentencePiece's interface does not tell:
// ModelProto { repeated SentencePiece pieces = 1 { type = 3 }; TrainerSpec trainer_spec = 2 { model_type = 3
// };
//              NormalizerSpec normalizer_spec = 3 { precompiled_charsmap = 2; add_dummy_prefix = 3 };
//              NormalizerSpec denormalizer_spec = 5 }
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

// The last `number` of a message; `fallback` where it is absent.
Field find_field(std::string_view message, uint64_t number, Field fallback) {
  while (!message.empty())
    if (const Field field = take_field(message); field.number == number) fallback = field;
  return fallback;
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

struct Specification {
  bool is_bpe, has_character_map, add_dummy_prefix;
  std::vector<bool> is_user_defined;  // by id
};

Specification read_specification(std::string_view model) {
  constexpr uint64_t kUnigram = 1, kBpe = 2, kUserDefined = 4;
  const std::string_view trainer = find_field(model, 2, {}).bytes,
                         normalizer = find_field(model, 3, {}).bytes;
  Specification out{find_field(trainer, 3, {.value = kUnigram}).value == kBpe,
                    !find_field(normalizer, 2, {}).bytes.empty(),
                    find_field(normalizer, 3, {.value = 1}).value != 0,
                    {}};
  while (!model.empty())
    if (const Field piece = take_field(model); piece.number == 1)
      out.is_user_defined.push_back(find_field(piece.bytes, 3, {}).value == kUserDefined);
  return out;
}

// Real vocabularies have two merges a token.
constexpr size_t kMostMergesPerToken = 32;

// Every way to put a token together from two others, in the order of the tokens' ids.
void add_merges(TokenizerFile& out) {
  const Vocabulary vocabulary(out.tokens, out.ids);
  for (size_t id = 0; id < out.tokens.size(); ++id) {
    out.throw_if_interrupted(id);
    const std::string_view token = out.tokens[id];
    for (size_t i = token.empty() ? 0 : utf8_length(token[0]); i < token.size(); i += utf8_length(token[i])) {
      if (vocabulary.id_of(token.substr(0, i)) < 0 || vocabulary.id_of(token.substr(i)) < 0) continue;
      out.merges.push_back(token.substr(0, i));
      out.merges.push_back(token.substr(i));
    }
    if (out.merges.size() / 2 > kMostMergesPerToken * out.tokens.size())
      throw Error(
          ErrorKind::kCheckpoint,
          str_cat("its ", out.tokens.size(), " pieces can be put together from one another in more than ",
                  out.merges.size() / 2, " ways; no real vocabulary's can"),
          out.place);
  }
}

// Control pieces and those with a name are special; the user's own are not.
Json added_tokens_of(const SentencePieceProcessor& processor, const Specification& specification) {
  Json added = Json::array();
  for (int id = 0; id < processor.GetPieceSize(); ++id) {
    const bool is_special = id == processor.unk_id() || id == processor.bos_id() ||
                            id == processor.eos_id() || processor.IsControl(id);
    if (is_special || specification.is_user_defined.at(id))
      added.push_back(
          {{"id", id}, {"content", processor.IdToPiece(id)}, {"special", is_special}, {"normalized", false}});
  }
  return added;
}

// BOS and EOS as add_bos_token and add_eos_token of tokenizer_config.json say.
Json template_of(const SentencePieceProcessor& processor, const TokenizerSettings& settings) {
  Json single = Json::array(), tokens = Json::object();
  const auto put = [&](bool wanted, int id) {
    if (!wanted || id < 0) return;
    const std::string name = processor.IdToPiece(id);
    single.push_back({{"SpecialToken", {{"id", name}, {"type_id", 0}}}});
    tokens[name] = {{"id", name}, {"ids", Json::array({id})}};
  };
  put(settings.add_bos.value_or(false), processor.bos_id());
  single.push_back({{"Sequence", {{"id", "A"}, {"type_id", 0}}}});
  put(settings.add_eos.value_or(false), processor.eos_id());
  return {{"type", "TemplateProcessing"}, {"single", single}, {"special_tokens", tokens}};
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

std::optional<TokenizerFile> read_sentence_piece_bpe(const std::filesystem::path& file,
                                                     const TokenizerSettings& settings,
                                                     const Context& context) {
  const auto processor = load_sentence_piece_processor(file);
  const Specification specification = read_specification(read_file(file));
  const bool is_llama = settings.tokenizer_class == "LlamaTokenizer";
  if (!specification.is_bpe || (specification.has_character_map && !is_llama)) return std::nullopt;
  TokenizerFile out;
  out.place = file.string();
  out.context = context;
  for (int id = 0; id < processor->GetPieceSize(); ++id) {
    out.tokens.push_back(processor->IdToPiece(id));
    out.ids.push_back(id);
  }
  add_merges(out);
  out.rest = Json::object();
  set_up_sentence_piece_bpe(
      out.rest, is_llama || specification.add_dummy_prefix ? prefix_scheme_of(settings) : "never");
  if (!is_llama && processor->unk_id() >= 0)
    out.rest["model"]["unk_token"] = processor->IdToPiece(processor->unk_id());
  out.rest["added_tokens"] = added_tokens_of(*processor, specification);
  out.rest["post_processor"] = template_of(*processor, settings);
  return out;
}

}  // namespace xlt
