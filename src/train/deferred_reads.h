// SPDX-License-Identifier: Apache-2.0
// What the host wants to know of a step's tensors, asked for together. A GPU works behind the host; reading
// one number waits until it has caught up, and while the host then launches the next piece it has nothing to
// do. So the numbers of a step are asked for as they come up, and read in one copy when all is launched.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include <ATen/core/Tensor.h>

namespace xlt {

// One thread.
class DeferredReads {
 public:
  // All elements of an entry's tensors, one after the other.
  using Take = std::function<void(std::span<const double>)>;

  // `at_once`: nothing is put off, every `add` takes its values itself; on the CPU there is nothing to wait
  // for.
  explicit DeferredReads(bool at_once) : at_once_(at_once) {}

  // The tensors, all on one device with those of the other entries, must not be written to until they are
  // read, and what `take` borrows must live till then. There may be none.
  void add(at::TensorList tensors, Take take);
  // One copy to the host; then every `take` in the order of adding. What one throws goes through, and those
  // after it are dropped.
  void read();
  // Forgets what has not been read.
  void drop() { entries_.clear(); }

 private:
  struct Entry {
    std::vector<at::Tensor> tensors;  // each [n]
    Take take;
  };
  bool at_once_;
  std::vector<Entry> entries_;
};

}  // namespace xlt
