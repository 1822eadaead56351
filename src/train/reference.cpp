// SPDX-License-Identifier: Apache-2.0
#include "train/reference.h"

#include "train/trained_tensors.h"

#include <numeric>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/sum.h>
#include <ATen/ops/tensor.h>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/checkpoint/safetensors.h"
#include "xlt/models/decoder.h"
#include "xlt/nn/linear.h"

namespace xlt {

namespace {

constexpr const char* kTensorName = "logps";

void visit_adapters(Decoder& decoder, const TensorVisitor& take) {
  for (const NamedLinear& named : decoder.linears())
    if (named.linear->adapter() != nullptr) named.linear->adapter()->visit_tensors(take);
}

// The sum of the bits: the same in any order of summation, with any number of threads. Training moves it;
// reading all bytes through a hash would cost seconds.
void append_fingerprint(std::string& text, const std::string& name, const at::Tensor& tensor) {
  text += str_cat(name, tensor.sizes(), '=');
  const int64_t size = tensor.element_size();
  const at::ScalarType bits = size == 2 ? at::kShort : size == 4 ? at::kInt : at::kLong;
  const int64_t sum = tensor.detach().contiguous().view(bits).sum(at::kLong).item<int64_t>();
  text.append(reinterpret_cast<const char*>(&sum), sizeof(sum));
}

std::string bytes_of(const TrainRow& row) {
  std::string bytes;
  const auto append = [&](const int64_t* ids, size_t count) {
    bytes.append(reinterpret_cast<const char*>(ids), count * sizeof(int64_t));
  };
  for (const TrainSequence& sequence : row.sequences) {
    const int64_t lengths[] = {sequence.length(), sequence.num_context};
    append(lengths, 2);
    append(sequence.ids.data(), sequence.ids.size());
  }
  return bytes;
}

}  // namespace

// Adapters are swapped as tensor handles, so nothing is copied and the optimizer's own handles stay good.
class ReferenceModel::Swap {
 public:
  explicit Swap(ReferenceModel& reference) : reference_(reference) { exchange(false); }
  ~Swap() { exchange(true); }
  Swap(const Swap&) = delete;
  Swap& operator=(const Swap&) = delete;

 private:
  void exchange(bool enable_adapter) {
    if (reference_.kind_ == Kind::kBase) set_lora_enabled(reference_.decoder_, enable_adapter);
    if (reference_.kind_ != Kind::kInit) return;
    auto initial = reference_.initial_.begin();
    visit_adapters(reference_.decoder_,
                   [&](const char*, at::Tensor& tensor) { std::swap(tensor, *initial++); });
  }
  ReferenceModel& reference_;
};

ReferenceModel::ReferenceModel(Decoder& decoder, const std::string& kind) : decoder_(decoder) {
  kind_ = !has_adapter(decoder) ? Kind::kWeights : kind == "init" ? Kind::kInit : Kind::kBase;
  if (kind_ != Kind::kInit) return;
  const at::NoGradGuard no_grad;
  visit_adapters(decoder,
                 [&](const char*, at::Tensor& tensor) { initial_.push_back(tensor.detach().clone()); });
}

at::Tensor ReferenceModel::compute(const PackedRows& packed) {
  const at::NoGradGuard no_grad;
  const Swap swap(*this);
  return sequence_logps(decoder_, packed);
}

at::Tensor ReferenceModel::logps(const RowSet& set, std::span<const int64_t> indices,
                                 const PackedRows& packed) {
  if (!set.reference_logps.defined()) {
    XLT_CHECK(is_always_available(),
              "the initial weights are gone; their log-probs must be computed before training");
    return compute(packed);
  }
  const at::Tensor rows = at::tensor(at::ArrayRef<int64_t>(indices.data(), indices.size()), at::kLong);
  return set.reference_logps.index_select(0, rows).reshape({-1}).to(decoder_.head_weight().device());
}

std::string ReferenceModel::hash_of(const RowSet& set) {
  std::string text =
      str_cat("reference 2 ", static_cast<int>(kind_), ' ', name_of(decoder_.placement().dtype), '\n');
  for (const NamedParameter& parameter : decoder_.parameters())
    append_fingerprint(text, parameter.name, *parameter.tensor);
  for (const at::Tensor& tensor : initial_) append_fingerprint(text, "adapter", tensor);
  std::string hash = sha256(text);
  for (const TrainRow& row : set.rows) hash = sha256(hash + bytes_of(row));
  return hash;
}

void ReferenceModel::precompute(RowSet& set, int64_t batch_size, const fs::path& folder,
                                const Context& context) {
  const fs::path file = folder / (hash_of(set).substr(0, 32) + ".safetensors");
  if (fs::exists(file)) {
    set.reference_logps = SafetensorsReader::open(file).get(kTensorName).clone();
    return;
  }
  const int64_t num_rows = static_cast<int64_t>(set.rows.size());
  Progress progress = context.progress("reference", num_rows, "pairs");
  std::vector<at::Tensor> parts;
  for (int64_t begin = 0; begin < num_rows; begin += batch_size) {
    context.throw_if_interrupted();
    std::vector<int64_t> indices(std::min(batch_size, num_rows - begin));
    std::iota(indices.begin(), indices.end(), begin);
    parts.push_back(compute(pack(set.rows, indices)).to(at::kCPU).view({-1, 2}));
    progress.advance(static_cast<int64_t>(indices.size()));
  }
  set.reference_logps = at::cat(parts);
  make_folders(folder);
  save_safetensors(file, {{kTensorName, set.reference_logps}});
}

}  // namespace xlt
