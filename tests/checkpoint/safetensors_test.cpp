// SPDX-License-Identifier: Apache-2.0
// safetensors: round trips, and one test for every way a file can be wrong.
#include "xlt/checkpoint/safetensors.h"

#include "scratch_folder.h"

#include <functional>

#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "xlt/base/error.h"
#include "xlt/base/file.h"

namespace xlt {
namespace {

using ::testing::HasSubstr;

class Safetensors : public FolderTest {
 protected:
  Safetensors() { file_ = folder_ / "model.safetensors"; }

  // A file with this header and `data_bytes` zero bytes; the length field says `claimed` (the true length if
  // negative).
  void write_raw(const std::string& header, size_t data_bytes, int64_t claimed = -1) {
    const uint64_t length = claimed < 0 ? header.size() : static_cast<uint64_t>(claimed);
    std::string bytes;
    for (int i = 0; i < 8; ++i) bytes.push_back(static_cast<char>(length >> (8 * i) & 0xff));
    write_file(file_, bytes + header + std::string(data_bytes, '\0'));
  }
  // The kCheckpoint error of `action`, or a failed test.
  static std::string error_of(const std::function<void()>& action) {
    try {
      action();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kCheckpoint) << error.what();
      return error.what();
    }
    ADD_FAILURE() << "no error was thrown";
    return {};
  }
  std::string open_error() const {
    return error_of([&] { SafetensorsReader::open(file_); });
  }

  fs::path file_;
};

TEST_F(Safetensors, RoundTripKeepsValuesShapesDtypesAndMetadata) {
  const at::Tensor floats = at::arange(6, at::kFloat).view({2, 3});
  const at::Tensor halves = at::arange(5, at::kFloat).to(at::kBFloat16);
  const at::Tensor flags = at::arange(3, at::kLong).to(at::kBool);
  save_safetensors(file_, {{"flags", flags}, {"halves", halves}, {"floats", floats}}, {{"format", "pt"}});
  const auto reader = SafetensorsReader::open(file_);
  EXPECT_EQ(reader.names(), (std::vector<std::string>{"flags", "floats", "halves"}));
  EXPECT_TRUE(at::equal(reader.get("floats"), floats));
  EXPECT_EQ(reader.get("halves").scalar_type(), at::kBFloat16);
  EXPECT_TRUE(at::equal(reader.get("halves"), halves));
  EXPECT_TRUE(at::equal(reader.get("flags"), flags));
  EXPECT_EQ(reader.shape("floats"), (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(reader.metadata().at("format"), "pt");
  EXPECT_EQ(reader.place("floats"), file_.string());
}

TEST_F(Safetensors, TransposedTensorIsWrittenAsItReads) {
  const at::Tensor tensor = at::arange(6, at::kFloat).view({2, 3}).t();
  save_safetensors(file_, {{"t", tensor}});
  EXPECT_TRUE(at::equal(SafetensorsReader::open(file_).get("t"), tensor));
}

TEST_F(Safetensors, EmptyAndScalarTensorsRoundTrip) {
  save_safetensors(file_, {{"empty", at::zeros({0, 4})}, {"scalar", at::full({}, 2.5, at::kFloat)}});
  const auto reader = SafetensorsReader::open(file_);
  EXPECT_EQ(reader.get("empty").sizes(), at::IntArrayRef({0, 4}));
  EXPECT_EQ(reader.get("scalar").item<float>(), 2.5F);
}

TEST_F(Safetensors, TensorOutlivesItsReader) {
  save_safetensors(file_, {{"t", at::arange(4, at::kFloat)}});
  at::Tensor tensor;
  { tensor = SafetensorsReader::open(file_).get("t"); }
  fs::remove(file_);
  EXPECT_EQ(tensor[3].item<float>(), 3.0F);
}

TEST_F(Safetensors, TensorsOfOneReaderShareTheMap) {
  save_safetensors(file_, {{"t", at::arange(4, at::kFloat)}});
  const auto reader = SafetensorsReader::open(file_);
  EXPECT_EQ(reader.get("t").const_data_ptr(), reader.get("t").const_data_ptr());
}

TEST_F(Safetensors, MisalignedTensorIsReadAll) {
  const std::string header =
      R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"F32","shape":[2],"data_offsets":[1,9]}})";
  write_raw(header, 9);
  EXPECT_TRUE(at::equal(SafetensorsReader::open(file_).get("b"), at::zeros({2})));
}

TEST_F(Safetensors, FileShorterThanItsLengthFieldIsRefused) {
  write_file(file_, "abc");
  EXPECT_THAT(open_error(), HasSubstr("model.safetensors: the file has 3 bytes"));
}

TEST_F(Safetensors, EmptyFileIsRefused) {
  write_file(file_, "");
  EXPECT_THAT(open_error(), HasSubstr("the file has 0 bytes"));
}

TEST_F(Safetensors, HeaderLongerThanTheFileIsRefused) {
  write_raw("{}", 0, 500);
  EXPECT_THAT(open_error(), HasSubstr("the header length says 500 bytes, but only 2 follow"));
}

TEST_F(Safetensors, AbsurdHeaderLengthIsRefused) {
  write_raw("{}", 0, std::numeric_limits<int64_t>::max());
  EXPECT_THAT(open_error(), HasSubstr("more than the format allows"));
}

TEST_F(Safetensors, HeaderThatIsNotJsonIsRefused) {
  write_raw(R"({"a":)", 0);
  EXPECT_THAT(open_error(), HasSubstr("model.safetensors: header"));
}

TEST_F(Safetensors, HeaderThatIsNoObjectIsRefused) {
  write_raw("[1, 2]", 0);
  EXPECT_THAT(open_error(), HasSubstr("model.safetensors: header"));
}

TEST_F(Safetensors, TruncatedDataAreRefused) {
  save_safetensors(file_, {{"w", at::zeros({100})}});
  fs::resize_file(file_, fs::file_size(file_) - 1);
  EXPECT_THAT(open_error(),
              HasSubstr("tensor \"w\": data_offsets [0, 400] are outside the file's 399 bytes"));
}

TEST_F(Safetensors, NegativeOffsetIsRefused) {
  write_raw(R"({"w":{"dtype":"U8","shape":[4],"data_offsets":[-4,0]}})", 4);
  EXPECT_THAT(open_error(), HasSubstr("data_offsets [-4, 0] are outside"));
}

TEST_F(Safetensors, ReversedOffsetsAreRefused) {
  write_raw(R"({"w":{"dtype":"U8","shape":[0],"data_offsets":[4,0]}})", 4);
  EXPECT_THAT(open_error(), HasSubstr("data_offsets [4, 0] are outside"));
}

TEST_F(Safetensors, OffsetsThatAreNoPairAreRefused) {
  write_raw(R"({"w":{"dtype":"U8","shape":[4],"data_offsets":[0,2,4]}})", 4);
  EXPECT_THAT(open_error(), HasSubstr("must be [begin, end], but has 3 numbers"));
}

TEST_F(Safetensors, OverlappingTensorsAreRefused) {
  write_raw(
      R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}})",
      6);
  EXPECT_THAT(open_error(), HasSubstr("tensor \"b\": its data overlap another tensor's by 2 bytes"));
}

TEST_F(Safetensors, HolesAreRefused) {
  write_raw(
      R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[4,6]}})",
      6);
  EXPECT_THAT(open_error(), HasSubstr("tensor \"b\": a hole of 2 bytes"));
}

TEST_F(Safetensors, BytesThatBelongToNoTensorAreRefused) {
  write_raw(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}})", 5);
  EXPECT_THAT(open_error(), HasSubstr("3 bytes at the end of the file belong to no tensor"));
}

TEST_F(Safetensors, UnknownDtypeIsRefused) {
  write_raw(R"({"w":{"dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4]}})", 4);
  EXPECT_THAT(open_error(), HasSubstr("tensor \"w\": dtype \"F8_E4M3\" is not supported"));
}

TEST_F(Safetensors, ShapeThatDoesNotFitItsBytesIsRefused) {
  write_raw(R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", 4);
  EXPECT_THAT(open_error(), HasSubstr("shape and dtype need 8 bytes, but data_offsets span 4"));
}

TEST_F(Safetensors, ShapeWhoseProductOverflowsIsRefused) {
  write_raw(R"({"w":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}})", 0);
  EXPECT_THAT(open_error(), HasSubstr("the product of its shape is too large"));
}

// Its strides would overflow, though it has no elements.
TEST_F(Safetensors, EmptyTensorOfHugeSizesIsRefused) {
  for (const char* shape : {"[0,4611686018427387904,4]", "[4611686018427387904,4,0]"}) {
    write_raw(str_cat(R"({"a":{"dtype":"F32","shape":)", shape, R"(,"data_offsets":[0,0]}})"), 0);
    EXPECT_THAT(open_error(), HasSubstr("too large to be true")) << shape;
  }
}

TEST_F(Safetensors, NegativeSizeIsRefused) {
  write_raw(R"({"w":{"dtype":"U8","shape":[-1,-4],"data_offsets":[0,4]}})", 4);
  EXPECT_THAT(open_error(), HasSubstr("negative size, -1"));
}

TEST_F(Safetensors, MissingKeyNamesItsPlace) {
  write_raw(R"({"w":{"dtype":"U8","data_offsets":[0,4]}})", 4);
  EXPECT_THAT(open_error(), HasSubstr("shape"));
}

TEST_F(Safetensors, MissingTensorNamesTheNearest) {
  save_safetensors(file_, {{"model.norm.weight", at::zeros({2})}});
  const auto reader = SafetensorsReader::open(file_);
  EXPECT_THAT(error_of([&] { reader.get("model.norm.weights"); }),
              HasSubstr("nearest: \"model.norm.weight\""));
}

class ShardedSafetensors : public Safetensors {
 protected:
  ShardedSafetensors() {
    save_safetensors(folder_ / "a.safetensors", {{"x", at::full({2}, 1, at::kFloat)}});
    save_safetensors(folder_ / "b.safetensors", {{"y", at::full({2}, 2, at::kFloat)}});
    index_ = folder_ / "model.safetensors.index.json";
  }
  std::string index_error(const std::string& weight_map) {
    write_file(index_, R"({"metadata":{"total_size":16},"weight_map":)" + weight_map + "}");
    return error_of([&] { SafetensorsReader::open(index_); });
  }
  fs::path index_;
};

TEST_F(ShardedSafetensors, TensorsComeFromTheirShards) {
  write_file(index_, R"({"metadata":{},"weight_map":{"x":"a.safetensors","y":"b.safetensors"}})");
  const auto reader = SafetensorsReader::open(index_);
  EXPECT_EQ(reader.get("x")[0].item<float>(), 1.0F);
  EXPECT_EQ(reader.get("y")[0].item<float>(), 2.0F);
  EXPECT_THAT(reader.place("y"), HasSubstr("b.safetensors"));
}

TEST_F(ShardedSafetensors, MissingShardIsNamed) {
  const std::string error = index_error(R"({"x":"a.safetensors","z":"c.safetensors"})");
  EXPECT_THAT(error, HasSubstr("model.safetensors.index.json: names the shard \"c.safetensors\""));
}

TEST_F(ShardedSafetensors, TensorInTheWrongShardIsNamed) {
  EXPECT_THAT(index_error(R"({"x":"b.safetensors"})"),
              HasSubstr("says \"b.safetensors\" holds tensor \"x\""));
}

TEST_F(ShardedSafetensors, ShardOutsideTheFolderIsRefused) {
  EXPECT_THAT(index_error(R"({"x":"../a.safetensors"})"),
              HasSubstr("not the name of a file beside the index"));
}

TEST_F(ShardedSafetensors, IndexWithoutTensorsIsRefused) {
  EXPECT_THAT(index_error("{}"), HasSubstr("names no tensors"));
}

TEST_F(Safetensors, FailedWriteLeavesNothing) {
  write_file(folder_ / "plain", "x");
  EXPECT_THROW(save_safetensors(folder_ / "plain" / "m.safetensors", {{"t", at::zeros({2})}}), Error);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 1);
}

}  // namespace
}  // namespace xlt
