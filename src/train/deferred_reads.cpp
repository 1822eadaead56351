// SPDX-License-Identifier: Apache-2.0
#include "train/deferred_reads.h"

#include <map>
#include <utility>

#include <ATen/ops/cat.h>

namespace xlt {

void DeferredReads::add(at::TensorList tensors, Take take) {
  Entry entry{{}, std::move(take)};
  for (const at::Tensor& tensor : tensors) entry.tensors.push_back(tensor.detach().reshape({-1}));
  entries_.push_back(std::move(entry));
  if (at_once_) read();
}

// Joined type by type before they are widened: few kernels, however many entries there are.
void DeferredReads::read() {
  const std::vector<Entry> entries = std::exchange(entries_, {});
  std::map<at::ScalarType, std::vector<at::Tensor>> by_type;
  for (const Entry& entry : entries)
    for (const at::Tensor& tensor : entry.tensors) by_type[tensor.scalar_type()].push_back(tensor);
  std::vector<at::Tensor> joined;
  std::map<at::ScalarType, int64_t> next;  // where the type's next element is
  int64_t size = 0;
  for (const auto& [type, tensors] : by_type) {
    joined.push_back(at::cat(tensors).to(at::kDouble));
    next[type] = size;
    size += joined.back().numel();
  }
  at::Tensor host;
  if (!joined.empty()) host = at::cat(joined).to(at::kCPU);
  for (const Entry& entry : entries) {
    std::vector<double> values;
    for (const at::Tensor& tensor : entry.tensors) {
      int64_t& begin = next[tensor.scalar_type()];
      const double* data = host.const_data_ptr<double>() + begin;
      values.insert(values.end(), data, data + tensor.numel());
      begin += tensor.numel();
    }
    entry.take(values);
  }
}

}  // namespace xlt
