// SPDX-License-Identifier: Apache-2.0
#include "parallel/meeting.h"

#include "parallel/pulse.h"

#include <chrono>
#include <cstdlib>

#include <c10/util/Logging.h>
#include <netdb.h>
#include <sys/socket.h>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#include <unistd.h>

namespace xlt {

namespace {

// Of one operation among ranks that are known to be alive (pulse.h): rank 0 may be writing for long.
constexpr std::chrono::minutes kOperationTimeout{60};

std::chrono::milliseconds milliseconds(double seconds) {
  return std::chrono::milliseconds(static_cast<int64_t>(1000 * seconds));
}

// c10d tells of every failed connection with a trace of its own frames, before the error that says the same.
// TORCH_CPP_LOG_LEVEL, libtorch's variable, brings that back.
void quieten_c10d() {
  constexpr int kOnlyFatal = 3;
  if (std::getenv("TORCH_CPP_LOG_LEVEL") == nullptr) FLAGS_caffe2_log_level = kOnlyFatal;
}

c10::intrusive_ptr<c10d::Store> open_store(const Launch& launch, double seconds, bool is_server) {
  c10d::TCPStoreOptions options;
  options.port = static_cast<std::uint16_t>(launch.port);
  options.isServer = is_server;
  options.numWorkers = static_cast<std::size_t>(launch.world_size);
  options.waitWorkers = false;
  options.timeout = milliseconds(seconds);
  c10::intrusive_ptr<c10d::Store> store = c10::make_intrusive<c10d::TCPStore>(launch.host, options);
  return c10::make_intrusive<c10d::PrefixStore>("xlt/" + launch.attempt, store);
}

// The address of this machine that leads to `host`; empty where it cannot be told. Nothing is sent.
std::string own_address_towards(const std::string& host, int64_t port) {
  std::string own;
  for (const int family : {AF_INET, AF_INET6}) {
    addrinfo hints{}, *found = nullptr;
    hints.ai_family = family;
    hints.ai_socktype = SOCK_DGRAM;
    if (::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) continue;
    const int socket = ::socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    char text[NI_MAXHOST];
    if (socket >= 0 && ::connect(socket, found->ai_addr, found->ai_addrlen) == 0 &&
        ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) == 0 &&
        ::getnameinfo(reinterpret_cast<sockaddr*>(&address), size, text, sizeof text, nullptr, 0,
                      NI_NUMERICHOST) == 0)
      own = text;
    if (socket >= 0) ::close(socket);
    ::freeaddrinfo(found);
    if (!own.empty()) break;
  }
  return own;
}

// Before the group: with two processes of one rank, or another idea of how many there are, it would wait.
void check_in(c10d::Store& store, const Launch& launch) {
  if (store.add(str_cat("rank/", launch.rank), 1) > 1)
    throw Error(ErrorKind::kUsage,
                str_cat("two processes say that they are rank ", launch.rank, " of ", launch.world_size,
                        "; give each process a rank of its own"),
                launch.launcher);
  const std::string own = str_cat(launch.world_size);
  if (launch.rank == 0) store.set("world_size", std::vector<uint8_t>(own.begin(), own.end()));
  const std::vector<uint8_t> value = store.get("world_size");
  if (const std::string others(value.begin(), value.end()); others != own)
    throw Error(ErrorKind::kUsage,
                str_cat("rank ", launch.rank, " is one of ", own, " ranks, rank 0 one of ", others,
                        "; all must be told the same number"),
                launch.launcher);
}

// All are there when each has said so: making the group waits for the others by its own, long, time limit.
void wait_for_all(c10d::Store& store, const Launch& launch, double seconds) {
  std::vector<std::string> keys;
  for (int64_t rank = 0; rank < launch.world_size; ++rank) keys.push_back(str_cat("pulse/", rank));
  store.wait(keys, milliseconds(seconds));
}

}  // namespace

std::string in_one_line(const std::exception& error) {
  std::string text = error.what();
  for (const char* end : {"\n", "Exception raised from", ". This may indicate"})
    text = text.substr(0, text.find(end));
  // "[/pytorch/…/pair.cc:540] Read error …"
  if (text.starts_with('[') && text.find("] ") != std::string::npos) text = text.substr(text.find("] ") + 2);
  return text;
}

void Group::abandon() {
  static_cast<void>(backend.release());
  static_cast<void>(store.release());
  static_cast<void>(pulse_store.release());
}

c10::intrusive_ptr<c10d::Backend> connect(const Group& group, const Launch& launch) {
  auto options = c10d::ProcessGroupGloo::Options::create(kOperationTimeout);
  const std::string own = own_address_towards(launch.host, launch.port);
  if (!launch.network_interface.empty())
    options->devices.push_back(c10d::ProcessGroupGloo::createDeviceForInterface(launch.network_interface));
  else if (!own.empty())
    options->devices.push_back(c10d::ProcessGroupGloo::createDeviceForHostname(own));
  else
    options->devices.push_back(c10d::ProcessGroupGloo::createDefaultDevice());
  return c10::make_intrusive<c10d::ProcessGroupGloo>(group.store, static_cast<int>(launch.rank),
                                                     static_cast<int>(launch.world_size), options);
}

Group meet(const Launch& launch, double seconds) {
  quieten_c10d();
  try {
    Group group;
    group.store = open_store(launch, seconds, launch.rank == 0 && !launch.is_served_by_launcher);
    group.pulse_store = open_store(launch, seconds, /*is_server=*/false);
    check_in(*group.store, launch);
    Pulse::show_first(*group.pulse_store, launch.rank);
    wait_for_all(*group.store, launch, seconds);
    return group;
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    throw Error(
        ErrorKind::kInternal,
        str_cat("rank ", launch.rank, " of ", launch.world_size, " (", launch.launcher,
                ") could not join the others: ", in_one_line(error),
                "; is every rank started, with the same MASTER_ADDR and a MASTER_PORT that is free on it?"),
        str_cat(launch.host, ":", launch.port));
  }
}

}  // namespace xlt
