// SPDX-License-Identifier: Apache-2.0
// GGUF's header: what is read, and that no bytes whatever are believed.
#include "xlt/base/gguf.h"

#include "gguf_writer.h"
#include "scratch_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/rng.h"

namespace xlt {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::span<const std::byte> span_of(const std::string& bytes) {
  return {reinterpret_cast<const std::byte*>(bytes.data()), bytes.size()};
}

// What parsing complains of, or "".
std::string complaint_of(const std::string& bytes) {
  try {
    Gguf::parse(span_of(bytes), "x.gguf");
    return "";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kCheckpoint) << error.what();
    return error.what();
  }
}

GgufWriter small_file() {
  GgufWriter gguf;
  gguf.put_text("general.architecture", "llama")
      .put_integer("llama.block_count", 3)
      .put_number("llama.rope.freq_base", 5e5f)
      .put_flag("tokenizer.ggml.add_bos_token", true)
      .put_texts("tokenizer.ggml.tokens", {"a", "", "\u2581b"})
      .put_numbers("tokenizer.ggml.scores", {0, -1, -2.5f})
      .put_integers("tokenizer.ggml.token_type", {1, 3, 1})
      .add_tensor("output_norm.weight", {2}, kGgufF32, bytes_of<float>({1, 2}))
      .add_tensor("blk.0.attn_q.weight", {3, 32}, kGgufQ8_0, std::string(3 * 34, 'x'));
  return gguf;
}

TEST(Gguf, ReadsValuesAndTensors) {
  const std::string bytes = small_file().bytes();
  const Gguf gguf = Gguf::parse(span_of(bytes), "x.gguf");
  EXPECT_EQ(gguf.text("general.architecture"), "llama");
  EXPECT_EQ(gguf.integer("llama.block_count"), 3);
  EXPECT_EQ(gguf.number("llama.rope.freq_base"), 5e5);
  EXPECT_TRUE(gguf.flag("tokenizer.ggml.add_bos_token", false));
  EXPECT_THAT(gguf.strings("tokenizer.ggml.tokens"), ElementsAre("a", "", "\u2581b"));
  EXPECT_THAT(gguf.numbers("tokenizer.ggml.scores"), ElementsAre(0, -1, -2.5));
  EXPECT_THAT(gguf.numbers("tokenizer.ggml.token_type"), ElementsAre(1, 3, 1));
  EXPECT_TRUE(gguf.is_array("tokenizer.ggml.tokens"));
  EXPECT_EQ(gguf.integer("none", 7), 7);
  EXPECT_EQ(gguf.text("none", "x"), "x");
  ASSERT_EQ(gguf.tensors().size(), 2u);
  const GgufTensor* tensor = gguf.find("blk.0.attn_q.weight");
  ASSERT_NE(tensor, nullptr);
  EXPECT_STREQ(tensor->type->name, "Q8_0");
  EXPECT_THAT(tensor->shape, ElementsAre(3, 32));
  EXPECT_EQ(tensor->data.size(), 3u * 34);
  EXPECT_EQ(tensor->data.data(), span_of(bytes).data() + bytes.size() - 128);  // 102 bytes, padded to 128
  EXPECT_EQ(gguf.find("output.weight"), nullptr);
}

TEST(Gguf, EveryKindOfNumber) {
  GgufWriter writer;
  writer.put("u8", 0, byte_string<uint8_t>(200)).put("i8", 1, byte_string<int8_t>(-2));
  writer.put("u16", 2, byte_string<uint16_t>(60000)).put("i16", 3, byte_string<int16_t>(-3));
  writer.put("u32", 4, byte_string<uint32_t>(4000000000)).put("i32", 5, byte_string<int32_t>(-4));
  writer.put("u64", 10, byte_string<uint64_t>(1ull << 40)).put("i64", 11, byte_string<int64_t>(-5));
  writer.put("f64", 12, byte_string<double>(0.1)).put("huge", 10, byte_string<uint64_t>(~0ull));
  const std::string bytes = writer.bytes();
  const Gguf gguf = Gguf::parse(span_of(bytes), "x.gguf");
  const std::vector<std::pair<const char*, int64_t>> expected = {
      {"u8", 200},         {"i8", -2},  {"u16", 60000},     {"i16", -3},
      {"u32", 4000000000}, {"i32", -4}, {"u64", 1ll << 40}, {"i64", -5}};
  for (const auto& [key, value] : expected) {
    EXPECT_EQ(gguf.integer(key), value) << key;
    EXPECT_EQ(gguf.number(key), static_cast<double>(value)) << key;
  }
  EXPECT_EQ(gguf.number("f64"), 0.1);
  EXPECT_THROW(gguf.integer("f64"), Error);
  EXPECT_THROW(gguf.integer("huge"), Error);
}

TEST(Gguf, AWrongKindOrAMissingKeyIsNamed) {
  const std::string bytes = small_file().bytes();
  const Gguf gguf = Gguf::parse(span_of(bytes), "x.gguf");
  const auto error_of = [](const auto& action) -> std::string {
    try {
      action();
      return "";
    } catch (const Error& error) {
      return error.what();
    }
  };
  EXPECT_EQ(error_of([&] { gguf.integer("none"); }), "x.gguf: none: this key is missing");
  EXPECT_EQ(error_of([&] { gguf.integer("general.architecture"); }),
            "x.gguf: general.architecture: expected an integer");
  EXPECT_EQ(error_of([&] { gguf.text("llama.block_count"); }),
            "x.gguf: llama.block_count: expected a string");
  EXPECT_THAT(error_of([&] { gguf.strings("tokenizer.ggml.scores"); }), HasSubstr("an array of strings"));
  EXPECT_THAT(error_of([&] { gguf.numbers("tokenizer.ggml.tokens"); }), HasSubstr("an array of numbers"));
}

TEST(Gguf, VersionTwoIsReadOthersAreNot) {
  EXPECT_EQ(complaint_of(small_file().bytes(2)), "");
  EXPECT_THAT(complaint_of(small_file().bytes(1)), HasSubstr("GGUF version 1; versions 2 and 3 are read"));
  EXPECT_THAT(complaint_of(small_file().bytes(0x03000000)), HasSubstr("big-endian"));
  EXPECT_THAT(complaint_of("not a model"), HasSubstr("is no GGUF file"));
  EXPECT_THAT(complaint_of(""), HasSubstr("is no GGUF file"));
}

TEST(Gguf, CutShortAnywhere) {
  const std::string whole = small_file().bytes();
  for (size_t size = 0; size < whole.size() - 26; ++size)  // the last 26 bytes are padding
    EXPECT_NE(complaint_of(whole.substr(0, size)), "") << size;
}

TEST(Gguf, DamagedAnywhereIsReadOrRefused) {
  const std::string whole = small_file().bytes();
  Rng rng(1);
  for (int round = 0; round < 20000; ++round) {
    std::string damaged = whole;
    for (int i = 0; i < 3; ++i) damaged[rng.below(damaged.size())] = static_cast<char>(rng.below(256));
    complaint_of(damaged);
  }
}

TEST(Gguf, LyingCountsCostNothing) {
  const std::string start = "GGUF" + byte_string<uint32_t>(3);
  EXPECT_THAT(complaint_of(start + byte_string<uint64_t>(0) + byte_string<uint64_t>(~0ull)),
              HasSubstr("keys; at most"));
  EXPECT_THAT(complaint_of(start + byte_string<uint64_t>(~0ull) + byte_string<uint64_t>(0)),
              HasSubstr("tensors; at most"));
  for (const uint32_t element : {0u, 6u, 8u, 12u}) {
    GgufWriter gguf;
    gguf.put("k", 9, byte_string(element) + byte_string<uint64_t>(~0ull));
    EXPECT_THAT(complaint_of(gguf.bytes()), HasSubstr("ends within its header")) << element;
  }
  GgufWriter nested;
  nested.put("k", 9, byte_string<uint32_t>(9) + byte_string<uint64_t>(1));
  EXPECT_THAT(complaint_of(nested.bytes()), HasSubstr("values of kind 9 are not read"));
}

TEST(Gguf, TensorsThatCannotBe) {
  const auto with = [](const std::vector<int64_t>& shape, uint32_t type, uint64_t offset) {
    GgufWriter gguf;
    gguf.add_tensor_at("x", shape, type, offset, std::string(64, 'x'));
    return complaint_of(gguf.bytes());
  };
  EXPECT_EQ(with({16}, kGgufF32, 0), "");
  EXPECT_THAT(with({17}, kGgufF32, 0), HasSubstr("tensor \"x\": its 68 bytes end beyond the file"));
  EXPECT_THAT(with({8}, kGgufF32, 1 << 20), HasSubstr("beyond the file"));
  EXPECT_THAT(with({8}, kGgufF32, ~31ull), HasSubstr("beyond the file"));
  EXPECT_THAT(with({8}, kGgufF32, 4), HasSubstr("no multiple of 32"));
  EXPECT_THAT(with({33}, kGgufQ8_0, 0), HasSubstr("rows of 33 are no whole blocks of Q8_0"));
  EXPECT_THAT(with({0}, kGgufF32, 0), HasSubstr("out of range"));
  EXPECT_THAT(with({1ll << 40, 1ll << 40}, kGgufF32, 0), HasSubstr("out of range"));
  EXPECT_THAT(with({1, 1, 1, 1, 1}, kGgufF32, 0), HasSubstr("has 5 dimensions"));
  EXPECT_THAT(with({}, kGgufF32, 0), HasSubstr("has 0 dimensions"));
}

TEST(Gguf, DuplicatesAndOverlapsAreRefused) {
  GgufWriter keys, tensors, overlap, misaligned;
  keys.put_flag("k", true).put_flag("k", false);
  EXPECT_THAT(complaint_of(keys.bytes()), HasSubstr("key \"k\" stands twice"));
  for (int i = 0; i < 2; ++i) tensors.add_tensor("x", {1}, kGgufF32, "abcd");
  EXPECT_THAT(complaint_of(tensors.bytes()), HasSubstr("tensor \"x\": stands twice"));
  overlap.add_tensor_at("x", {16}, kGgufF32, 0, std::string(64, 'x'))
      .add_tensor_at("y", {8}, kGgufF32, 32, "");
  EXPECT_THAT(complaint_of(overlap.bytes()), HasSubstr("tensors \"x\" and \"y\" overlap"));
  misaligned.put_integer("general.alignment", 24);
  EXPECT_THAT(complaint_of(misaligned.bytes()), HasSubstr("general.alignment: must be a power of two"));
}

TEST(Gguf, ATypeThatIsNotReadHasAName) {
  GgufWriter writer;
  writer.add_tensor("x", {256}, 11, std::string(110, 'x')).add_tensor("y", {256}, 77, std::string(110, 'x'));
  const std::string bytes = writer.bytes();
  const Gguf gguf = Gguf::parse(span_of(bytes), "x.gguf");
  EXPECT_EQ(gguf.find("x")->type, nullptr);
  EXPECT_EQ(gguf.find("x")->type_name, "Q3_K");
  EXPECT_EQ(gguf.find("y")->type_name, "type 77");
}

class GgufFile : public FolderTest {};

TEST_F(GgufFile, StaysOpenAsLongAsACopyLives) {
  write_file(folder_ / "x.gguf", small_file().bytes());
  Gguf copy = [&] { return Gguf::open(folder_ / "x.gguf"); }();
  std::filesystem::remove(folder_ / "x.gguf");
  EXPECT_THAT(copy.strings("tokenizer.ggml.tokens"), ElementsAre("a", "", "\u2581b"));
}

}  // namespace
}  // namespace xlt
