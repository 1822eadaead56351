// SPDX-License-Identifier: Apache-2.0
// How ranks find each other: c10d's store at a host and port, then a group of them.
#pragma once

#include <exception>
#include <string>

#include <torch/csrc/distributed/c10d/Backend.hpp>
#include <torch/csrc/distributed/c10d/Store.hpp>

#include "xlt/parallel/launch.h"

namespace xlt {

struct Group {
  c10::intrusive_ptr<c10d::Store> store,
      pulse_store;  // two connections: a wait on one does not hold the other
  c10::intrusive_ptr<c10d::Backend> backend;
  // Leaves all as it is: what destroys a group waits for ranks that may be gone.
  void abandon();
};

// Returns once every rank is there and has shown a first pulse; without a backend. Throws as join_world does.
Group meet(const Launch& launch, double seconds);
// Every rank does so after `meet`.
c10::intrusive_ptr<c10d::Backend> connect(const Group& group, const Launch& launch);

// libtorch's messages carry the place in its sources and a trace; the first line says what happened.
std::string in_one_line(const std::exception& error);

}  // namespace xlt
