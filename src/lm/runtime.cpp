// SPDX-License-Identifier: Apache-2.0
#include "xlt/lm/runtime.h"

#include <thread>

#include <sched.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/ops/empty.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <caffe2/core/common.h>

#include "xlt/base/error.h"
#include "xlt/base/version.h"
#include "xlt/ops/cuda.h"
#include "xlt/ops/matmul/linear.h"
#include "xlt/ops/scalar_type.h"

namespace xlt {

namespace {

// "2.11.0+cpu" → "2.11"; releases with equal major and minor number share an ABI.
std::string release_of(const std::string& version) {
  return version.substr(0, version.find('.', version.find('.') + 1));
}

}  // namespace

// Not at::show_config(): that asks for libtorch's CUDA side, and what libtorch answers before CUDA's library
// is loaded (xlt/ops/cuda.h) it keeps for the whole process.
std::string runtime_torch_version() {
  const auto& options = caffe2::GetBuildOptions();
  const auto version = options.find("TORCH_VERSION");
  return version == options.end() ? std::string() : version->second;
}

void check_torch_version() {
  const std::string runtime = runtime_torch_version();
  if (runtime.empty() || release_of(runtime) == release_of(build_torch_version())) return;
  throw Error(
      ErrorKind::kUnsupported,
      str_cat("this binary was built against libtorch ", build_torch_version(), ", but libtorch ", runtime,
              " was loaded; rebuild xlt against it, or put the other one first on LD_LIBRARY_PATH"));
}

std::string cpu_capability() { return at::get_cpu_capability(); }

std::string matmul_library(DType dtype) {
  const at::Tensor operand = at::empty({1, 1}, scalar_type(dtype));
  return ops::matmul_library(operand, operand);
}

std::string bfloat16_unit() { return ops::bfloat16_unit(); }
std::string why_no_cuda() { return ops::why_no_cuda(); }
int num_cuda_devices() {
  return why_no_cuda().empty() ? c10::impl::getDeviceGuardImpl(c10::DeviceType::CUDA)->deviceCount() : 0;
}

int64_t num_usable_cores() {
  cpu_set_t cores;
  if (::sched_getaffinity(0, sizeof cores, &cores) == 0) return CPU_COUNT(&cores);
  return std::thread::hardware_concurrency();
}

int64_t num_threads() { return at::get_num_threads(); }
void set_num_threads(int64_t count) {
  if (count > 0) at::set_num_threads(static_cast<int>(count));
}

void keep_freed_memory() {
#ifdef __GLIBC__
  mallopt(M_MMAP_THRESHOLD, 32 << 20);  // the most that glibc takes
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
#endif
}

}  // namespace xlt
