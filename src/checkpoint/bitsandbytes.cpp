// SPDX-License-Identifier: Apache-2.0
// bitsandbytes 0.50's layout; transformers' names for its settings.
#include "xlt/checkpoint/bitsandbytes.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <set>

#include <ATen/ops/empty.h>
#include <ATen/ops/tensor.h>

#include "xlt/base/error.h"
#include "xlt/base/json.h"

namespace xlt {

namespace {

constexpr int64_t kBlock = 64, kNestedBlock = 256;
constexpr std::string_view kState = ".quant_state.bitsandbytes__nf4",
                           kOtherState = ".quant_state.bitsandbytes__";
constexpr const char* kAbsmax = ".absmax";
constexpr const char* kNestedAbsmax = ".nested_absmax";
constexpr const char* kScalesOf8Bits = ".SCB";
constexpr const char* kParts[] = {kAbsmax, ".quant_map", kNestedAbsmax, ".nested_quant_map"};

at::Tensor bytes_of(const std::string& text) {
  at::Tensor bytes = at::empty({static_cast<int64_t>(text.size())}, at::kByte);
  std::memcpy(bytes.mutable_data_ptr(), text.data(), text.size());
  return bytes;
}

std::string text_of(const at::Tensor& bytes) {
  const at::Tensor own = bytes.contiguous();
  return {static_cast<const char*>(own.const_data_ptr()), own.nbytes()};
}

const char* torch_name(at::ScalarType dtype) {
  return dtype == at::kBFloat16 ? "bfloat16" : dtype == at::kHalf ? "float16" : "float32";
}

int64_t rounded_up(int64_t count, int64_t parts) { return (count + parts - 1) / parts; }

// What quant_state says of a matrix.
struct State {
  int64_t out = 0, in = 0;
  bool is_nested = false;
  float offset = 0;
  at::ScalarType dtype = at::kFloat;
};

State parse_state(const std::string& text, const std::string& place) {
  const Json json = parse_json(text, place, ErrorKind::kCheckpoint);
  const JsonView view(json, place, ErrorKind::kCheckpoint);
  constexpr int64_t kLargest = int64_t{1} << 31;
  State state;
  const auto shape = view.at("shape").as_ints();
  if (shape.size() != 2 || shape[0] < 1 || shape[1] < 1 || shape[0] > kLargest || shape[1] > kLargest)
    view.at("shape").fail("expected the two sizes of a matrix");
  state.out = shape[0];
  state.in = shape[1];
  if (view.at("blocksize").as_int() != kBlock)
    view.at("blocksize").fail(str_cat("blocks of ", kBlock, " weights are read, and no others"));
  state.dtype = view.get("dtype", "float32") == "bfloat16"  ? at::kBFloat16
                : view.get("dtype", "float32") == "float16" ? at::kHalf
                                                            : at::kFloat;
  state.is_nested = view.has("nested_blocksize");
  if (!state.is_nested) return state;
  if (view.at("nested_blocksize").as_int() != kNestedBlock)
    view.at("nested_blocksize").fail(str_cat("blocks of ", kNestedBlock, " scales are read, and no others"));
  state.offset = static_cast<float>(view.at("nested_offset").as_double());
  return state;
}

class BitsandbytesWeights : public WeightSource {
 public:
  explicit BitsandbytesWeights(std::unique_ptr<WeightSource> stored) : stored_(std::move(stored)) {
    const auto names = stored_->names();
    std::set<std::string> parts;
    for (const std::string& name : names) {
      const size_t at = name.rfind(kOtherState);
      if (at == std::string::npos) continue;
      if (!name.ends_with(kState)) fail(name, "is in FP4; NF4 is read, and no other 4 bits");
      const std::string matrix = name.substr(0, at);
      states_[matrix] = parse_state(text_of(stored_->get(name)), str_cat(place(name), ": ", name));
      parts.insert(name);
      for (const char* part : kParts) parts.insert(matrix + part);
    }
    for (const std::string& name : names) {
      if (parts.contains(name)) continue;
      if (name.ends_with(kAbsmax) || name.ends_with(kScalesOf8Bits))
        fail(name, str_cat("belongs to a quantised matrix, and no tensor \"….", kState.substr(1),
                           "\" says how to read it; NF4 as bitsandbytes saves it is read"));
      names_.push_back(name);
    }
    for (const auto& [name, state] : states_) check(name, state);
  }

  std::vector<std::string> names() const override { return names_; }
  bool has(const std::string& name) const override {
    return std::binary_search(names_.begin(), names_.end(), name);
  }
  std::vector<int64_t> shape(const std::string& name) const override {
    const auto found = states_.find(name);
    if (found == states_.end()) return stored_->shape(name);
    return {found->second.out, found->second.in};
  }
  std::string dtype(const std::string& name) const override {
    return states_.contains(name) ? "NF4" : stored_->dtype(name);
  }
  std::string place(const std::string& name) const override { return stored_->place(name); }
  at::Tensor get(const std::string& name) const override {
    const auto weight = nf4(name, /*is_transposed=*/false);
    return weight ? ops::nf4_dequantize(*weight, weight->source) : stored_->get(name);
  }
  bool holds_nf4(const std::string& name) const override { return states_.contains(name); }
  std::optional<ops::Nf4Weight> nf4(const std::string& name, bool) const override {
    const auto found = states_.find(name);
    if (found == states_.end()) return std::nullopt;
    const State& state = found->second;
    ops::Nf4Weight weight{state.out, state.in, stored_->get(name).reshape({-1}),
                          stored_->get(name + kAbsmax)};
    weight.source = state.dtype;
    if (!state.is_nested) return weight;
    // Copies: a kilobyte or so, and the map they lie in may go.
    weight.scales = {weight.absmax.clone(), stored_->get(name + kNestedAbsmax).clone(), state.offset};
    weight.absmax = ops::dequantize_scales(weight.scales);
    return weight;
  }

 private:
  [[noreturn]] void fail(const std::string& name, const std::string& fault) const {
    throw Error(ErrorKind::kCheckpoint, str_cat("tensor \"", name, "\": ", fault), stored_->place(name));
  }
  void check_part(const std::string& name, const char* dtype, int64_t count) const {
    if (!stored_->has(name))
      throw Error(ErrorKind::kCheckpoint, str_cat("a matrix in 4 bits has no tensor \"", name, "\""));
    int64_t stored = 1;
    for (const int64_t size : stored_->shape(name)) stored *= size;
    if (stored_->dtype(name) != dtype || stored != count)
      fail(name, str_cat("is ", stored, " of ", stored_->dtype(name), "; expected ", count, " of ", dtype));
  }
  void check(const std::string& name, const State& state) const {
    const int64_t count = state.out * state.in, blocks = rounded_up(count, kBlock);
    check_part(name, "U8", rounded_up(count, 2));
    check_part(name + kAbsmax, state.is_nested ? "U8" : "F32", blocks);
    if (state.is_nested) check_part(name + kNestedAbsmax, "F32", rounded_up(blocks, kNestedBlock));
  }

  std::unique_ptr<WeightSource> stored_;
  std::map<std::string, State> states_;
  std::vector<std::string> names_;
};

}  // namespace

std::vector<std::pair<std::string, at::Tensor>> bitsandbytes_tensors(const std::string& name,
                                                                     const ops::Nf4Weight& weight) {
  Json state{{"quant_type", "nf4"},
             {"blocksize", kBlock},
             {"dtype", torch_name(weight.source)},
             {"shape", {weight.out, weight.in}}};
  std::vector<std::pair<std::string, at::Tensor>> tensors{{name, weight.codes.reshape({-1, 1})},
                                                          {name + ".quant_map", ops::nf4_levels()}};
  if (weight.scales.is_defined()) {
    state["nested_blocksize"] = kNestedBlock;
    state["nested_dtype"] = "float32";
    state["nested_offset"] = static_cast<double>(weight.scales.offset);
    tensors.emplace_back(name + kAbsmax, weight.scales.codes);
    tensors.emplace_back(name + kNestedAbsmax, weight.scales.absmax);
    tensors.emplace_back(name + ".nested_quant_map", ops::dynamic_levels());
  } else {
    tensors.emplace_back(name + kAbsmax, weight.absmax);
  }
  tensors.emplace_back(name + std::string(kState), bytes_of(dump_json(state)));
  return tensors;
}

Json bitsandbytes_config(DType dtype) {
  return {{"quant_method", "bitsandbytes"},
          {"load_in_4bit", true},
          {"load_in_8bit", false},
          {"bnb_4bit_quant_type", "nf4"},
          {"bnb_4bit_use_double_quant", true},
          {"bnb_4bit_compute_dtype", name_of(dtype)},
          {"bnb_4bit_quant_storage", "uint8"}};
}

bool is_bitsandbytes_4bit(const Json& quantization_config) {
  const auto is = [&](const char* key, const Json& value) {
    return quantization_config.contains(key) && quantization_config.at(key) == value;
  };
  return quantization_config.is_object() && is("quant_method", "bitsandbytes") &&
         (is("load_in_4bit", true) || is("_load_in_4bit", true));
}

std::unique_ptr<WeightSource> with_bitsandbytes(std::unique_ptr<WeightSource> stored) {
  return std::make_unique<BitsandbytesWeights>(std::move(stored));
}

}  // namespace xlt
