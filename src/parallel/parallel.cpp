// SPDX-License-Identifier: Apache-2.0
#include "xlt/parallel/parallel.h"

#include <exception>
#include <sstream>

#include "xlt/base/error.h"

namespace xlt {

namespace {

class SingleWorld final : public World {
 public:
  int64_t rank() const override { return 0; }
  int64_t world_size() const override { return 1; }
  int64_t local_rank() const override { return 0; }
  void barrier() override {}
  void all_reduce(std::span<float>) override {}
  void all_reduce(std::span<double>) override {}
  void broadcast(std::string&, int64_t root) override { XLT_CHECK(root == 0, "no rank ", root); }
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

Error unpack(const std::string& bytes) {
  std::istringstream stream(bytes);
  int kind = 0;
  size_t context_size = 0;
  stream >> kind >> context_size;
  const auto begin = static_cast<size_t>(stream.tellg()) + 1;
  return {static_cast<ErrorKind>(kind), bytes.substr(begin + context_size),
          bytes.substr(begin, context_size)};
}

}  // namespace

std::unique_ptr<World> make_single_world() { return std::make_unique<SingleWorld>(); }

std::vector<int64_t> share_of(int64_t count, const World& world) {
  std::vector<int64_t> share;
  for (int64_t i = world.rank(); i < count; i += world.world_size()) share.push_back(i);
  return share;
}

std::vector<std::string> all_gather(World& world, std::string bytes) {
  std::vector<std::string> all(static_cast<size_t>(world.world_size()));
  all[static_cast<size_t>(world.rank())] = std::move(bytes);
  for (int64_t root = 0; root < world.world_size(); ++root)
    world.broadcast(all[static_cast<size_t>(root)], root);
  return all;
}

void throw_on_all_ranks(World& world, const std::exception_ptr& error) {
  if (world.world_size() == 1 && error) std::rethrow_exception(error);  // as it was thrown
  for (const std::string& packed : all_gather(world, pack(error)))
    if (!packed.empty()) throw unpack(packed);
}

void on_first_rank(World& world, const std::function<void()>& work) {
  std::exception_ptr error;
  if (world.is_first()) {
    try {
      work();
    } catch (...) {
      error = std::current_exception();
    }
  }
  if (world.world_size() == 1 && error) std::rethrow_exception(error);
  std::string packed = pack(error);
  world.broadcast(packed, 0);
  if (!packed.empty()) throw unpack(packed);
}

}  // namespace xlt
