// SPDX-License-Identifier: Apache-2.0
// A world over libtorch's c10d: Gloo between hosts' memories. What lies on a GPU travels through its host.
#include "parallel/meeting.h"
#include "parallel/pulse.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <exception>
#include <mutex>
#include <thread>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/zeros.h>

#include "xlt/parallel/launch.h"

namespace xlt {

namespace {

at::ScalarType scalar_type_of(DType dtype) {
  switch (dtype) {
    case DType::kFloat32:
      return at::kFloat;
    case DType::kBFloat16:
      return at::kBFloat16;
    case DType::kFloat16:
      return at::kHalf;
    case DType::kFloat64:
      return at::kDouble;
  }
  throw Error(ErrorKind::kInternal, "no such dtype");
}

at::Tensor tensor_of(const Numbers& numbers) {
  auto options = at::TensorOptions().dtype(scalar_type_of(numbers.where.dtype));
  if (numbers.where.is_cuda)
    options = options.device(at::kCUDA, static_cast<at::DeviceIndex>(numbers.where.device_index));
  return at::from_blob(numbers.data, {numbers.size}, options);
}

at::Tensor bytes_of(const at::Tensor& contiguous) { return contiguous.view({-1}).view(at::kByte); }

// Σ rows of [n, columns], by halves; writes over them.
at::Tensor sum_by_halves(const at::Tensor& rows) {
  const int64_t count = rows.size(0), half = first_half(count);
  if (count == 1) return rows[0];
  const at::Tensor sum = sum_by_halves(rows.narrow(0, 0, half));
  return sum.add_(sum_by_halves(rows.narrow(0, half, count - half)));
}

// Bytes of at most kShort go in one operation, behind their length; longer ones after it.
constexpr int64_t kShort = 504, kSlot = kShort + static_cast<int64_t>(sizeof(uint64_t));

void put(uint8_t* slot, const std::string& bytes) {
  const uint64_t size = bytes.size();
  std::memcpy(slot, &size, sizeof size);
  if (size <= kShort) std::memcpy(slot + sizeof size, bytes.data(), size);
}

uint64_t size_in(const uint8_t* slot) {
  uint64_t size = 0;
  std::memcpy(&size, slot, sizeof size);
  return size;
}

std::string text_at(const uint8_t* data, uint64_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

class C10dWorld final : public World {
 public:
  // Pulses come before the group: a rank may be lost while the others wait for it to connect.
  C10dWorld(const Launch& launch, const JoinOptions& options)
      : launch_(launch), group_(meet(launch, options.join_seconds)) {
    pulse_ =
        std::make_unique<Pulse>(group_.pulse_store, launch.rank, launch.world_size, options.silence_seconds,
                                [message = options.on_lost, launch](const std::string& why) {
                                  if (message) message(lost(launch, why));
                                });
    guarded([&] { group_.backend = connect(group_, launch); });
  }
  // Pulses end first: from then on a rank that is gone is no lost one. After an error of its own a rank
  // cannot know where the others are.
  ~C10dWorld() override {
    if (is_broken_ || std::uncaught_exceptions() > 0) {
      group_.abandon();
      static_cast<void>(pulse_.release());  // its thread may be waiting for an answer
      return;
    }
    pulse_.reset();
    try {
      barrier();
    } catch (const Error&) {  // another left without waiting; this rank is done as well
      group_.abandon();
    }
  }
  int64_t rank() const override { return launch_.rank; }
  int64_t world_size() const override { return launch_.world_size; }
  int64_t local_rank() const override { return launch_.local_rank; }
  using World::all_reduce;

  void barrier() override { all_gather({}); }

  void all_reduce(Numbers numbers) override {
    if (numbers.size == 0) return;
    guarded([&] {
      const at::Tensor values = tensor_of(numbers);
      values.copy_(sum_over_ranks(values.to(at::kCPU)));
    });
  }

  void broadcast(Numbers numbers, int64_t root) override {
    if (numbers.size == 0) return;
    guarded([&] {
      const at::Tensor values = tensor_of(numbers), host = values.to(at::kCPU);
      broadcast_bytes(bytes_of(host), root);
      if (rank() != root && !values.is_cpu()) values.copy_(host);
    });
  }

  void broadcast(std::string& bytes, int64_t root) override {
    guarded([&] {
      at::Tensor slot = at::zeros({kSlot}, at::kByte);
      if (rank() == root) put(slot.mutable_data_ptr<uint8_t>(), bytes);
      broadcast_bytes(slot, root);
      const uint8_t* data = slot.const_data_ptr<uint8_t>();
      const uint64_t size = size_in(data);
      if (rank() != root)
        bytes = size <= kShort ? text_at(data + sizeof size, size) : std::string(size, '\0');
      if (size > kShort)
        broadcast_bytes(at::from_blob(bytes.data(), {static_cast<int64_t>(size)}, at::kByte), root);
    });
  }

  std::vector<std::string> all_gather(std::string bytes) override {
    std::vector<std::string> all;
    guarded([&] {
      at::Tensor slot = at::zeros({kSlot}, at::kByte);
      put(slot.mutable_data_ptr<uint8_t>(), bytes);
      const at::Tensor slots = gathered(slot);
      uint64_t longest = 0;
      for (int64_t r = 0; r < world_size(); ++r) {
        const uint8_t* data = slots.const_data_ptr<uint8_t>() + r * kSlot;
        const uint64_t size = size_in(data);
        longest = std::max(longest, size);
        all.push_back(size <= kShort ? text_at(data + sizeof size, size) : std::string(size, '\0'));
      }
      if (longest > kShort) gather_long(bytes, static_cast<int64_t>(longest), all);
    });
    return all;
  }

 private:
  // Those longer than a slot take their place in `all`, which have their lengths.
  void gather_long(const std::string& own, int64_t longest, std::vector<std::string>& all) {
    at::Tensor padded = at::zeros({longest}, at::kByte);
    std::memcpy(padded.mutable_data_ptr<uint8_t>(), own.data(), own.size());
    const at::Tensor rows = gathered(padded);
    for (size_t r = 0; r < all.size(); ++r)
      std::memcpy(all[r].data(), rows.const_data_ptr<uint8_t>() + static_cast<int64_t>(r) * longest,
                  all[r].size());
  }

  // [n] bytes → [world_size · n]
  at::Tensor gathered(const at::Tensor& bytes) {
    at::Tensor all = at::empty({world_size() * bytes.numel()}, at::kByte), own = bytes;
    group_.backend->_allgather_base(all, own)->wait();
    return all;
  }

  void broadcast_bytes(const at::Tensor& bytes, int64_t root) {
    std::vector<at::Tensor> tensors = {bytes};
    c10d::BroadcastOptions options;
    options.rootRank = root;
    group_.backend->broadcast(tensors, options)->wait();
  }

  // Each rank gets every rank's numbers of its own chunk, sums them by halves, and gives the sum to all: as
  // much goes over the network as in a ring, and the order of additions is ours. Numbers travel as bytes, so
  // that any dtype does.
  at::Tensor sum_over_ranks(const at::Tensor& values) {
    const int64_t size = values.numel(), chunk = (size + world_size() - 1) / world_size();
    at::Tensor sent = values;
    if (chunk * world_size() != size) {
      sent = at::zeros({chunk * world_size()}, values.options());
      sent.narrow(0, 0, size).copy_(values);
    }
    const at::Tensor received = at::empty_like(sent), all = at::empty_like(sent);
    at::Tensor to = bytes_of(received), from = bytes_of(sent);
    std::vector<int64_t> even;
    group_.backend->alltoall_base(to, from, even, even)->wait();
    at::Tensor sum = bytes_of(sum_by_halves(received.view({world_size(), chunk}))), sums = bytes_of(all);
    group_.backend->_allgather_base(sums, sum)->wait();
    return all.narrow(0, 0, size);
  }

  static std::string lost(const Launch& launch, const std::string& why) {
    return str_cat("rank ", launch.rank, " of ", launch.world_size, " has lost another rank: ", why,
                   "; all stop here. What was saved last is whole: the same command goes on from it");
  }

  template <typename Work>
  void guarded(const Work& work) {
    const at::NoGradGuard no_grad;
    try {
      work();
    } catch (const std::exception& error) {
      is_broken_ = true;
      throw Error(ErrorKind::kInternal, lost(launch_, in_one_line(error)));
    }
  }

  Launch launch_;
  Group group_;
  bool is_broken_ = false;
  std::unique_ptr<Pulse> pulse_;
};

// c10d's own time limits add up: an address of each kind, then each key that is waited for. This one is over
// all.
class JoinDeadline {
 public:
  JoinDeadline(const Launch& launch, const JoinOptions& options) {
    thread_ = std::thread([this, launch, options] {
      std::unique_lock guard(mutex_);
      const auto seconds = std::chrono::duration<double>(options.join_seconds);
      if (over_.wait_for(guard, seconds, [this] { return is_over_; }) || !options.on_lost) return;
      options.on_lost(str_cat("rank ", launch.rank, " of ", launch.world_size, " (", launch.launcher,
                              ") could not join the others at ", launch.host, ":", launch.port, " within ",
                              options.join_seconds,
                              " seconds; is every rank started, with the same MASTER_ADDR and "
                              "MASTER_PORT, and does rank 0 still run?"));
    });
  }
  ~JoinDeadline() {
    {
      const std::lock_guard guard(mutex_);
      is_over_ = true;
    }
    over_.notify_all();
    thread_.join();
  }
  JoinDeadline(const JoinDeadline&) = delete;
  JoinDeadline& operator=(const JoinDeadline&) = delete;

 private:
  std::mutex mutex_;
  std::condition_variable over_;
  bool is_over_ = false;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<World> join_world(const Launch& launch, const JoinOptions& options) {
  if (launch.world_size == 1) return make_single_world();
  const JoinDeadline deadline(launch, options);
  return std::make_unique<C10dWorld>(launch, options);
}

}  // namespace xlt
