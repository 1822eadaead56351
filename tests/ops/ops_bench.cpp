// SPDX-License-Identifier: Apache-2.0
// Times every op on one device beside what the device itself reaches. For scripts/gpu_check.sh: one row a
// line, tabs between, so that no JSON library is needed where only libtorch is.
//   ops_bench [cpu | cuda] [repeats]       op  shape  seconds  GB  GFLOP      (GB, GFLOP: the least an op
//   needs)
#include "ops/timing.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "xlt/base/error.h"
#include "xlt/base/join.h"
#include "xlt/base/placement.h"
#include "xlt/ops/attention/segment_attention.h"
#include "xlt/ops/cuda.h"
#include "xlt/ops/elementwise/dropout.h"
#include "xlt/ops/elementwise/gated_activation.h"
#include "xlt/ops/elementwise/rope.h"
#include "xlt/ops/head/sample.h"
#include "xlt/ops/head/token_logps.h"
#include "xlt/ops/kv/kv_append.h"
#include "xlt/ops/matmul/linear.h"
#include "xlt/ops/matmul/machine_rates.h"
#include "xlt/ops/matmul/nf4.h"
#include "xlt/ops/norm/layer_norm.h"
#include "xlt/ops/norm/rms_norm.h"

namespace xlt::ops {
namespace {

// A decoder's layer: 8 B parameters' shape on a GPU, 270 M's on a CPU.
struct Sizes {
  int64_t tokens, hidden, intermediate, heads, key_heads, head_dim, vocabulary;
};
constexpr Sizes kLarge = {4096, 4096, 14336, 32, 8, 128, 128256};
constexpr Sizes kSmall = {256, 640, 2048, 4, 1, 256, 262144};

class OpsBench {
 public:
  OpsBench(const Placement& where, const Sizes& sizes, int64_t repeats)
      : where_(where),
        sizes_(sizes),
        repeats_(repeats),
        options_(at::TensorOptions().dtype(at::kBFloat16).device(where.is_cuda ? at::kCUDA : at::kCPU)) {}

  void machine() {
    const double copied = measure_copy(where_, repeats_);
    std::printf("copy\t256 MiB\t%.6g\t%.6g\t0\n", 0.5368709 / copied, 0.5368709);
    double best = 0;
    for (const MatmulRate& rate : measure_matmul(where_, 4096, 4096, 4096, repeats_))
      best = std::max(best, rate.gflops);
    const double flop = 2e-9 * 4096 * 4096 * 4096;
    std::printf("matmul\t4096 x 4096 x 4096\t%.6g\t%.6g\t%.6g\n", flop / best, 3 * 2e-9 * 4096 * 4096, flop);
  }

  void norms() {
    const auto& [n, c, i, h, k, d, v] = sizes_;
    const at::Tensor x = values({n, c}), weight = values({c}), bias = values({c});
    const double gb = 2 * gigabytes(x);
    const auto rms = [&](const at::Tensor& t) { return rms_norm(t, weight, 1e-6, RmsNormCasting::kWeight); };
    row("rms_norm", x, gb, 0, [&] { return rms(x); });
    backward("rms_norm backward", x, 1.5 * gb, 0, rms);
    row("add_rms_norm", x, 2 * gb, 0,
        [&] { return add_rms_norm(x, x, weight, 1e-6, RmsNormCasting::kWeight).second; });
    row("layer_norm", x, gb, 0, [&] { return layer_norm(x, weight, bias, 1e-5); });
    row("add_layer_norm", x, 2 * gb, 0, [&] { return add_layer_norm(x, x, weight, bias, 1e-5).second; });
  }

  void elementwise() {
    const auto& [n, c, i, h, k, d, v] = sizes_;
    const at::Tensor q = values({n, h, d}), gate = values({n, i}), up = values({n, i});
    const RopeAngles angles =
        rope_angles(at::arange(n, options_.dtype(at::kLong)), at::rand({d / 2}, options_.dtype(at::kFloat)));
    row("rope", q, 2 * gigabytes(q), 0, [&] { return rope(q, angles); });
    row("gated_activation", gate, 3 * gigabytes(gate), 0,
        [&] { return gated_activation(gate, up, Activation::kSilu); });
    backward("gated_activation backward", gate, 5 * gigabytes(gate), 0,
             [&](const at::Tensor& t) { return gated_activation(t, up, Activation::kSilu); });
    row("dropout", gate, 2 * gigabytes(gate), 0, [&] { return dropout(gate, {0.1, 7}); });
    at::Tensor keys = values({n, k, d}), cached = values({n, k, d});
    const at::Tensor slots = at::arange(n, options_.dtype(at::kLong));
    row("kv_append", keys, 4 * gigabytes(keys), 0, [&] {
      kv_append(cached, cached, keys, keys, slots);
      return cached;
    });
  }

  // Texts of 512 tokens at most, each attending to itself; and as many tokens in prompts with two answers of
  // half a prompt each, which take the merging of two parts.
  void attention() {
    const auto& [n, c, i, h, k, d, v] = sizes_;
    const int64_t length = std::min<int64_t>(n, 512), prompt = length / 2, answer = length / 4;
    auto texts = std::make_shared<AttentionPlan>(), branches = std::make_shared<AttentionPlan>();
    for (int64_t begin = 0; begin < n; begin += length) {
      texts->tree_begins.push_back(begin / length);
      texts->segments.push_back({begin, length, {{begin, length}}});
      branches->tree_begins.push_back(3 * (begin / length));
      branches->segments.push_back({begin, prompt, {{begin, prompt}}});
      for (const int64_t at : {begin + prompt, begin + prompt + answer})
        branches->segments.push_back({at, answer, {{begin, prompt}, {at, answer}}});
    }
    // A product of q and k, and one with v, over half the pairs of positions; of the branches, 7/8 of these.
    const double gflop = 2e-9 * static_cast<double>(n * length * h * d);
    attention("segment_attention", texts, gflop);
    attention("segment_attention of branches", branches, 0.875 * gflop);
  }

  void attention(const std::string& name, const std::shared_ptr<const AttentionPlan>& plan, double gflop) {
    const auto& [n, c, i, h, k, d, v] = sizes_;
    const at::Tensor q = values({n, h, d}), keys = values({n, k, d}), vals = values({n, k, d});
    const double gb = 2 * gigabytes(q, keys);
    const auto attend = [&](const at::Tensor& t) {
      return segment_attention(t, keys, vals, plan, {.scale = 0.1});
    };
    row(name.c_str(), q, gb, gflop, [&] { return attend(q); });
    backward(name + " backward", q, 2 * gb, 2.5 * gflop, attend);
  }

  void products() {
    const auto& [n, c, i, h, k, d, v] = sizes_;
    const at::Tensor weight = values({i, c});
    const Nf4Weight packed = nf4_quantize(weight);
    for (const int64_t rows : {int64_t{1}, int64_t{25}, n}) {
      const at::Tensor x = values({rows, c});
      const double gflop = 2e-9 * static_cast<double>(rows * c * i);
      row("linear", x, gigabytes(x, weight), gflop, [&] { return ops::linear(x, weight); });
      row("nf4_linear", x, gigabytes(x) + gigabytes(weight) / 4, gflop,
          [&] { return ops::nf4_linear(x, packed); });
    }
  }

  void head() {
    const auto& [n, c, i, h, k, d, v] = sizes_;
    const int64_t rows = std::min<int64_t>(n, 1024);
    const at::Tensor hidden = values({rows, c}), weight = values({v, c}),
                     targets = at::randint(0, v, {rows}, options_.dtype(at::kLong));
    const double gflop = 2e-9 * static_cast<double>(rows * c * v), gb = gigabytes(hidden, weight);
    const auto logps = [&](const at::Tensor& t) { return token_logps(t, weight, targets); };
    row("token_logps", hidden, gb, gflop, [&] { return logps(hidden); });
    backward("token_logps forward and backward", hidden, gb, 2 * gflop, logps);
    const at::Tensor logits = at::randn({100, v}, options_.dtype(at::kFloat));
    const std::vector<double> uniforms(100, 0.5);
    row("sample, top-p 0.8", logits, gigabytes(logits), 0, [&] {
      sample(logits, uniforms, {.temperature = 0.9, .top_p = 0.8});
      return logits;
    });
  }

 private:
  at::Tensor values(at::IntArrayRef sizes) const { return at::randn(sizes, options_) * 0.1; }
  template <typename... Tensors>
  static double gigabytes(const Tensors&... tensors) {
    return (... + (1e-9 * static_cast<double>(tensors.numel() * tensors.element_size())));
  }
  void row(const char* name, const at::Tensor& x, double gb, double gflop,
           const std::function<at::Tensor()>& call) const {
    const at::NoGradGuard no_grad;
    print(name, x, median_seconds(call, repeats_), gb, gflop);
  }
  // Backward alone is the difference, but for ops whose forward makes the gradient.
  void backward(const std::string& name, const at::Tensor& x, double gb, double gflop,
                const std::function<at::Tensor(const at::Tensor&)>& op) const {
    at::Tensor leaf = x.detach().clone().set_requires_grad(true);
    const double both = median_seconds(
        [&] {
          leaf.mutable_grad().reset();
          op(leaf).sum().backward();
          return leaf.grad();
        },
        repeats_);
    double forward = 0;
    if (name.find("forward") == std::string::npos) {
      const at::NoGradGuard no_grad;
      forward = median_seconds([&] { return op(x); }, repeats_);
    }
    print(name.c_str(), x, std::max(1e-9, both - forward), gb, gflop);
  }
  static void print(const char* name, const at::Tensor& x, double seconds, double gb, double gflop) {
    const std::string shape = join(x.sizes(), " x ", [](int64_t size) { return std::to_string(size); });
    std::printf("%s\t%s\t%.6g\t%.6g\t%.6g\n", name, shape.c_str(), seconds, gb, gflop);
    std::fflush(stdout);
  }

  const Placement where_;
  const Sizes sizes_;
  const int64_t repeats_;
  const at::TensorOptions options_;
};

int run(const std::string& device, int64_t repeats) {
  if (device != "cpu" && device != "cuda") {
    std::fprintf(stderr, "ops_bench: device \"%s\"; expected cpu or cuda\n", device.c_str());
    return 2;
  }
  if (device == "cuda" && !why_no_cuda().empty()) {
    std::fprintf(stderr, "ops_bench: %s\n", why_no_cuda().c_str());
    return 3;
  }
  const bool is_cuda = device == "cuda";
  OpsBench bench({is_cuda, 0, DType::kBFloat16}, is_cuda ? kLarge : kSmall, repeats);
  bench.machine();
  bench.norms();
  bench.elementwise();
  bench.attention();
  bench.products();
  bench.head();
  return 0;
}

}  // namespace
}  // namespace xlt::ops

int main(int count, char** arguments) {
  try {
    return xlt::ops::run(count > 1 ? arguments[1] : "cuda",
                         count > 2 ? std::max(1, std::atoi(arguments[2])) : 5);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "ops_bench: %s\n", error.what());
    return 1;
  }
}
