// SPDX-License-Identifier: Apache-2.0
// What the engine answers with libtorch (src/lm/runtime.cpp, src/run/quantize_option.cpp,
// src/cli/hub_names.cpp), for commands that compute no tensor. The linker takes these instead.
#include "cli/hub_names.h"

#include <thread>

#include "xlt/lm/runtime.h"
#include "xlt/run/quantize_option.h"

namespace xlt {

std::string runtime_torch_version() { return {}; }
void check_torch_version() {}
std::string cpu_capability() { return {}; }
std::string matmul_library(DType) { return {}; }
std::string why_no_cuda() { return "this command computes on the CPU"; }
int num_cuda_devices() { return 0; }
int64_t num_usable_cores() { return std::thread::hardware_concurrency(); }
int64_t num_threads() { return 1; }
void set_num_threads(int64_t) {}
void keep_freed_memory() {}

void visit_quantize_or_stored(OptionVisitor& v, std::string& quantize) {
  v.field("quantize", quantize, "of a model", one_of({"none"}));
}

}  // namespace xlt

namespace xlt::cli {

void resolve_hub_names(const VisitFunction&) {}

}  // namespace xlt::cli
