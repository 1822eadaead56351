// SPDX-License-Identifier: Apache-2.0
// Chooses a kernel's backend by the device of its tensors: the one place that knows whether CUDA was compiled
// in.
#pragma once

#include "ops/kernel_types.h"

#include <ATen/core/Tensor.h>
#include <c10/core/DeviceGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include "xlt/base/error.h"

namespace xlt::ops {

inline KernelDtype kernel_dtype(const at::Tensor& tensor) {
  switch (tensor.scalar_type()) {
    case at::kFloat:
      return KernelDtype::kF32;
    case at::kDouble:
      return KernelDtype::kF64;
    case at::kBFloat16:
      return KernelDtype::kBf16;
    case at::kHalf:
      return KernelDtype::kF16;
    default:
      break;
  }
  throw Error(ErrorKind::kUnsupported,
              str_cat("no kernel for tensors of type ", toString(tensor.scalar_type()),
                      "; expected float32, float64, bfloat16 or float16"));
}

// The stream torch is using on a device, through c10's device-generic interface: no CUDA header, nothing of
// CUDA linked.
inline KernelStream current_stream(at::Device device) {
  const c10::impl::VirtualGuardImpl guard(device.type());
  return {guard.getStreamNativeHandle(guard.getStream(device)), static_cast<int>(device.index())};
}

[[noreturn]] inline void throw_no_kernel(const char* kernel, at::Device device) {
  if (device.is_cuda()) {
    throw Error(ErrorKind::kUnsupported,
                str_cat("built without CUDA: no ", kernel, " for ", device.str(),
                        "; use the cpu, or configure with -DXLT_CUDA=ON where nvcc is installed"));
  }
  throw Error(ErrorKind::kUnsupported,
              str_cat("no ", kernel, " for ", device.str(), "; expected cpu or cuda"));
}

#ifdef XLT_CUDA
inline constexpr bool kBuiltWithCuda = true;
#else
inline constexpr bool kBuiltWithCuda = false;
#endif

// Whether XLT_DISPATCH calls cpu::kernel for tensors there.
static inline bool runs_cpu_kernels([[maybe_unused]] at::Device device) {
#ifdef XLT_CUDA_EMULATION  // in tests: CUDA's kernels, compiled for the CPU, on CPU tensors
                           // (tests/cuda_emulation)
  return false;
#else
  return device.is_cpu();
#endif
}

// Calls cuda::kernel(…, stream).
#if defined(XLT_CUDA_EMULATION)
#define XLT_DISPATCH_CUDA(device, kernel, ...)                            \
  do {                                                                    \
    if (!(device).is_cpu()) ::xlt::ops::throw_no_kernel(#kernel, device); \
    cuda::kernel(__VA_ARGS__, {});                                        \
  } while (false)
#elif defined(XLT_CUDA)
#define XLT_DISPATCH_CUDA(device, kernel, ...)                             \
  do {                                                                     \
    if (!(device).is_cuda()) ::xlt::ops::throw_no_kernel(#kernel, device); \
    const c10::DeviceGuard device_guard(device);                           \
    cuda::kernel(__VA_ARGS__, ::xlt::ops::current_stream(device));         \
  } while (false)
#else
#define XLT_DISPATCH_CUDA(device, kernel, ...) ::xlt::ops::throw_no_kernel(#kernel, device)
#endif

// Calls cpu::kernel(…, {}) or cuda::kernel(…, stream), two functions of one signature declared in a
// *_kernels.h.
#define XLT_DISPATCH(device, kernel, ...)             \
  do {                                                \
    if (::xlt::ops::runs_cpu_kernels(device)) {       \
      cpu::kernel(__VA_ARGS__, {});                   \
    } else {                                          \
      XLT_DISPATCH_CUDA(device, kernel, __VA_ARGS__); \
    }                                                 \
  } while (false)

}  // namespace xlt::ops
