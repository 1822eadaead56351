// SPDX-License-Identifier: Apache-2.0
#include "xlt/parallel/parallel.h"

#include <exception>
#include <sstream>

namespace xlt {

namespace {

class SingleWorld final : public World {
 public:
  int64_t rank() const override { return 0; }
  int64_t world_size() const override { return 1; }
  int64_t local_rank() const override { return 0; }
  void barrier() override {}
  void all_reduce(Numbers) override {}
  void broadcast(Numbers, int64_t root) override { check_root(root); }
  void broadcast(std::string&, int64_t root) override { check_root(root); }
  std::vector<std::string> all_gather(std::string bytes) override { return {std::move(bytes)}; }

 private:
  static void check_root(int64_t root) { XLT_CHECK(root == 0, "no rank ", root); }
};

// An error as bytes: its kind, then context and message, each after its length. Empty: none.
std::string pack(const std::exception_ptr& exception) {
  if (!exception) return {};
  const auto packed = [](ErrorKind kind, const std::string& context, const std::string& message) {
    return str_cat(static_cast<int>(kind), " ", context.size(), " ", context, message);
  };
  try {
    std::rethrow_exception(exception);
  } catch (const Error& error) {
    return packed(error.kind(), error.context(), error.message());
  } catch (const std::exception& error) {
    return packed(ErrorKind::kInternal, "", error.what());
  }
}

[[noreturn]] void throw_packed(const std::string& bytes) {
  std::istringstream stream(bytes);
  int kind = 0;
  size_t context_size = 0;
  stream >> kind >> context_size;
  const auto begin = static_cast<size_t>(stream.tellg()) + 1;
  const std::string message = bytes.substr(begin + context_size), context = bytes.substr(begin, context_size);
  throw SharedError(static_cast<ErrorKind>(kind), message, context);
}

std::exception_ptr error_of(const std::function<void()>& work) {
  try {
    work();
  } catch (...) {
    return std::current_exception();
  }
  return {};
}

}  // namespace

void World::all_reduce(std::span<float> values) {
  all_reduce(Numbers{values.data(), static_cast<int64_t>(values.size()), {.dtype = DType::kFloat32}});
}

void World::all_reduce(std::span<double> values) {
  all_reduce(Numbers{values.data(), static_cast<int64_t>(values.size()), {.dtype = DType::kFloat64}});
}

std::unique_ptr<World> make_single_world() { return std::make_unique<SingleWorld>(); }

std::vector<int64_t> share_of(int64_t count, const World& world) {
  std::vector<int64_t> share;
  for (int64_t i = world.rank(); i < count; i += world.world_size()) share.push_back(i);
  return share;
}

// Ranks and numbers are halved together; of an odd number of ranks the first half has more of both.
Block block_of(int64_t count, int64_t rank, int64_t world_size) {
  Block block{0, count};
  for (int64_t ranks = world_size, first = 0; ranks > 1;) {
    const int64_t left = first_half(ranks), left_count = (block.count * left + ranks - 1) / ranks;
    if (rank < first + left) {
      block.count = left_count;
      ranks = left;
    } else {
      block = {block.begin + left_count, block.count - left_count};
      first += left;
      ranks -= left;
    }
  }
  return block;
}

void throw_on_all_ranks(World& world, const std::exception_ptr& error) {
  if (world.world_size() == 1 && error) std::rethrow_exception(error);  // as it was thrown
  for (const std::string& packed : world.all_gather(pack(error)))
    if (!packed.empty()) throw_packed(packed);
}

void on_all_ranks(World& world, const std::function<void()>& work) {
  throw_on_all_ranks(world, error_of(work));
}

std::string found_by_first_rank(World& world, const std::function<std::string()>& work) {
  std::string found, packed;
  if (world.is_first()) {
    const std::exception_ptr error = error_of([&] { found = work(); });
    if (world.world_size() == 1 && error) std::rethrow_exception(error);
    packed = error ? "e" + pack(error) : "f" + found;
  }
  world.broadcast(packed, 0);
  if (packed.starts_with('e')) throw_packed(packed.substr(1));
  return world.is_first() ? found : packed.substr(std::min<size_t>(1, packed.size()));
}

void on_first_rank(World& world, const std::function<void()>& work) {
  found_by_first_rank(world, [&] {
    work();
    return std::string();
  });
}

}  // namespace xlt
