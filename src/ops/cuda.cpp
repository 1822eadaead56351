// SPDX-License-Identifier: Apache-2.0
// Loads libtorch_cuda when it is asked for.
#include "xlt/ops/cuda.h"

#include "ops/dispatch.h"

#include <ATen/Context.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <dlfcn.h>

namespace xlt::ops {
namespace {

std::string load_cuda() {
  if (!kBuiltWithCuda) return "built without CUDA (-DXLT_CUDA=ON where nvcc is installed builds with it)";
  // The driver's own library: where there is none, libtorch's, which takes seconds, is not loaded for
  // nothing.
  if (dlopen("libcuda.so.1", RTLD_LAZY) == nullptr) return "no CUDA driver on this machine";
  // RTLD_GLOBAL: torch's CUDA libraries find one another's symbols. The library registers itself with c10 as
  // it loads.
  if (dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL) == nullptr) {
    return str_cat("libtorch's CUDA library does not load: ", dlerror());
  }
  if (!c10::impl::hasDeviceGuardImpl(c10::DeviceType::CUDA)) return "this libtorch has no CUDA backend";
  if (c10::impl::VirtualGuardImpl(c10::DeviceType::CUDA).deviceCount() == 0) return "no CUDA device found";
  // libtorch looks for its CUDA side once, when it is first asked anything about it.
  if (!at::globalContext().hasCUDA()) {
    return "libtorch was asked about CUDA before its CUDA library was loaded, an error of this program "
           "(xlt/ops/cuda.h); --device cpu works";
  }
  return {};
}

}  // namespace

std::string why_no_cuda() {
  static const std::string kReason = load_cuda();
  return kReason;
}

int64_t free_cuda_memory(int device_index) {
  if (!why_no_cuda().empty()) return 0;
  try {
    const auto [free, total] = at::getDeviceAllocator(c10::DeviceType::CUDA)
                                   ->getMemoryInfo(static_cast<c10::DeviceIndex>(device_index));
    return static_cast<int64_t>(free);
  } catch (const c10::Error&) {  // an allocator that does not tell
    return 0;
  }
}

}  // namespace xlt::ops
