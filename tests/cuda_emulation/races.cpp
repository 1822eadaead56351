// SPDX-License-Identifier: Apache-2.0
// Every CUDA kernel on a small case, to be built with ThreadSanitizer: a missing barrier is a data race.
//   races           runs the kernels; exits 0
//   races --planted first|later|warp runs a kernel with a barrier left out; the sanitizer must say so
#include "ops/attention/segment_attention_device.h"
#include "ops/cuda_common.cuh"
#include "ops/elementwise/dropout_kernels.h"
#include "ops/elementwise/elementwise_kernels.h"
#include "ops/head/head_kernels.h"
#include "ops/head/sample_kernels.h"
#include "ops/kv/kv_append_kernels.h"
#include "ops/matmul/nf4_kernels.h"
#include "ops/norm/layer_norm_kernels.h"
#include "ops/norm/rms_norm_kernels.h"

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

namespace xlt::ops::cuda {
namespace {

using Floats = std::vector<float>;

Floats numbers(size_t count) {
  Floats x(count);
  for (size_t i = 0; i < count; ++i) x[i] = static_cast<float>(i * 37 % 101) / 50 - 1;
  return x;
}

void run_rms_norm() {
  constexpr int64_t kRows = 3, kColumns = 100;
  const Floats x = numbers(kRows * kColumns), weight = numbers(kColumns), dy = numbers(kRows * kColumns);
  Floats y(x.size()), rms(kRows), dx(x.size()), dw(2 * kColumns);
  const RmsNormShape shape{KernelDtype::kF32, kRows, kColumns, true};
  rms_norm_forward({shape, 1e-6, x.data(), weight.data(), y.data(), rms.data()}, {});
  Floats sum(x.size());
  rms_norm_forward({shape, 1e-6, x.data(), weight.data(), y.data(), rms.data(), dy.data(), sum.data()}, {});
  rms_norm_backward(
      {shape, dy.data(), x.data(), weight.data(), rms.data(), dx.data(), dw.data(), /*blocks=*/2}, {});
}

void run_layer_norm() {
  constexpr int64_t kRows = 3, kColumns = 100;
  const Floats x = numbers(kRows * kColumns), weight = numbers(kColumns), dy = numbers(kRows * kColumns);
  Floats y(x.size()), mean(kRows), inverse(kRows), dx(x.size()), dw(2 * kColumns), db(dw.size());
  const LayerNormShape shape{KernelDtype::kF32, kRows, kColumns};
  layer_norm_forward(
      {shape, 1e-6, x.data(), weight.data(), weight.data(), y.data(), mean.data(), inverse.data()}, {});
  Floats sum(x.size());
  layer_norm_forward({shape, 1e-6, x.data(), weight.data(), weight.data(), y.data(), mean.data(),
                      inverse.data(), dy.data(), sum.data()},
                     {});
  layer_norm_backward({shape, dy.data(), x.data(), weight.data(), mean.data(), inverse.data(), dx.data(),
                       dw.data(), db.data(), /*blocks=*/2},
                      {});
}

void run_elementwise() {
  constexpr int64_t kRows = 2, kColumns = 70;
  const Floats x = numbers(kRows * kColumns), up = numbers(kRows * kColumns);
  Floats y(x.size()), dx(x.size()), dup(x.size());
  GatedActivationArgs gated{KernelDtype::kF32, true,      kRows,    kColumns,  kColumns,  kColumns,
                            x.data(),          up.data(), y.data(), up.data(), dx.data(), dup.data()};
  gated_activation_forward(gated, {});
  gated_activation_backward(gated, {});
  const std::vector<int64_t> names = {5, 11};
  DropoutArgs dropped{KernelDtype::kF32, kRows,    kColumns,           names.data(),
                      x.data(),          y.data(), DropoutRule(0.5, 7)};
  dropout(dropped, {});
  dropped.add = true;
  dropout(dropped, {});
  const Floats cos = numbers(kRows * 7), sin = numbers(kRows * 7);
  rope({KernelDtype::kF32, kRows, 5, 7, false, kColumns, 14, 1, x.data(), cos.data(), sin.data(), y.data()},
       {});
}

void run_kv_append() {
  constexpr int64_t kRows = 3, kColumns = 70;
  const Floats k = numbers(kRows * kColumns), v = numbers(kRows * kColumns);
  Floats keys(5 * kColumns), values(keys.size());
  const std::vector<int64_t> slots = {4, 0, 2};
  const int64_t row_bytes = kColumns * static_cast<int64_t>(sizeof(float));
  kv_append({kRows,
             row_bytes,
             slots.data(),
             {k.data(), row_bytes, keys.data()},
             {v.data(), row_bytes, values.data()}},
            {});
}

void run_head() {
  Floats logits = numbers(2 * 300);
  std::vector<OnlineLogSumExp> states(2);
  const std::vector<int64_t> targets = {5, 299};
  const LogitRows rows{{logits.data(), 2, 300, 0, targets.data()}, states.data(), 1, 4};
  add_block(rows, {});
  gradient_in_place(rows, {});
}

void run_sample() {
  const Floats logits = numbers(2 * 3000);
  const std::vector<double> uniforms = {0.3, 0.9};
  std::vector<int64_t> ids(2);
  for (const bool greedy : {false, true})
    sample({logits.data(), uniforms.data(), ids.data(), 2, 3000, 1, 700, 0.9, greedy}, {});
}

void run_attention() {
  constexpr int kTokens = 40, kHeads = 2, kDim = 33;
  const Floats q = numbers(kTokens * kHeads * kDim), kv = numbers(kTokens * kDim);
  Floats out(q.size()), lse(kTokens * kHeads), dq(q.size()), dk(kHeads * kTokens * kDim), dv(dk.size());
  const std::vector<KeySpan> spans = {{0, kTokens}};
  std::vector<QueryTask> tasks;
  for (int first = 0; first < kTokens; first += kBackwardQueries)
    tasks.push_back({first, kBackwardQueries, first, 0, 1, kTokens});
  std::vector<KeyTask> key_tasks;
  for (int first = 0; first < kTokens; first += kBackwardKeys)
    key_tasks.push_back({first, kBackwardKeys, static_cast<int32_t>(key_tasks.size()), 1});
  std::vector<KeyReader> readers;
  for (const KeyTask& task : key_tasks) readers.push_back({0, kTokens, 0, task.key_begin});
  DeviceAttention args{KernelDtype::kF32, kTokens,    kHeads,     1,    kDim, q.data(), kv.data(),
                       kv.data(),         out.data(), lse.data(), 0.3f, 2.0f, 25};
  args.tasks = tasks.data();
  args.num_tasks = static_cast<int32_t>(tasks.size());
  args.spans = spans.data();
  const Floats by_distance = numbers(kHeads * 11);
  for (const bool is_plain : {true, false}) {
    args.is_causal = is_plain;
    if (!is_plain) args.bias = {nullptr, by_distance.data(), 5};
    attention_forward(args, {});
    attention_backward(args,
                       {q.data(), dq.data(), dk.data(), dv.data(), key_tasks.data(),
                        static_cast<int32_t>(key_tasks.size()), readers.data()},
                       {});
  }
}

void run_nf4() {
  constexpr int64_t kOut = 3, kIn = 70;
  const Floats weight = numbers(kOut * kIn), x = numbers(2 * kIn);
  Floats absmax(4), dense(weight.size()), y(2 * kOut);
  std::vector<uint8_t> codes(kOut * kIn / 2);
  const Nf4Args args{KernelDtype::kF32, kOut * kIn, weight.data(), dense.data(), codes.data(), absmax.data()};
  nf4_quantize(args, {});
  nf4_dequantize(args, {});
  nf4_product({x.data(), y.data(), 2, kIn, kOut, codes.data(), absmax.data()}, {});
}

// Reads its neighbour's cell without waiting for it.
__global__ void without_barrier(int* cells) {
  __shared__ int shared[64];
  shared[threadIdx.x] = static_cast<int>(threadIdx.x);
  cells[threadIdx.x] = shared[(threadIdx.x + 33) % 64];
}

// The same behind barriers that are there.
__global__ void without_later_barrier(int* cells) {
  __shared__ int shared[64];
  __syncthreads();
  __syncthreads();
  shared[threadIdx.x] = static_cast<int>(threadIdx.x);
  cells[threadIdx.x] = shared[(threadIdx.x + 33) % 64];
  __syncthreads();
}

// Shuffles exchange values; they order nothing in memory.
__global__ void without_warp_barrier(int* cells) {
  __shared__ int shared[32];
  shared[threadIdx.x] = static_cast<int>(threadIdx.x);
  const int sum = warp_reduce<Add>(1);
  cells[threadIdx.x] = sum + shared[(threadIdx.x + 1) % 32];
}

void run_planted(const std::string& which) {
  std::vector<int> cells(64);
  if (which == "first") launch("planted", without_barrier, dim3(1), 64, nullptr, cells.data());
  if (which == "later") launch("planted", without_later_barrier, dim3(1), 64, nullptr, cells.data());
  if (which == "warp") launch("planted", without_warp_barrier, dim3(1), 32, nullptr, cells.data());
}

}  // namespace
}  // namespace xlt::ops::cuda

int main(int argc, char** argv) {
  using namespace xlt::ops::cuda;
  if (argc > 2 && std::string(argv[1]) == "--planted") {
    run_planted(argv[2]);
    return 0;
  }
  run_rms_norm();
  run_layer_norm();
  run_elementwise();
  run_kv_append();
  run_head();
  run_sample();
  run_attention();
  run_nf4();
  std::puts("no race seen");
  return 0;
}
