// Chooses a kernel's backend by the device of its tensors: the one place that knows whether CUDA was compiled
// in. SPDX-License-Identifier: Apache-2.0
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

// Calls cpu::kernel(args, {}) or cuda::kernel(args, stream), two functions of one signature declared in a
// *_kernels.h.
#ifdef XLT_CUDA
inline constexpr bool kBuiltWithCuda = true;
#define XLT_DISPATCH(device, kernel, args)                    \
  do {                                                        \
    if ((device).is_cuda()) {                                 \
      const c10::DeviceGuard device_guard(device);            \
      cuda::kernel(args, ::xlt::ops::current_stream(device)); \
    } else if ((device).is_cpu()) {                           \
      cpu::kernel(args, {});                                  \
    } else {                                                  \
      ::xlt::ops::throw_no_kernel(#kernel, device);           \
    }                                                         \
  } while (false)
#else
inline constexpr bool kBuiltWithCuda = false;
#define XLT_DISPATCH(device, kernel, args)                                \
  do {                                                                    \
    if (!(device).is_cpu()) ::xlt::ops::throw_no_kernel(#kernel, device); \
    cpu::kernel(args, {});                                                \
  } while (false)
#endif

}  // namespace xlt::ops
