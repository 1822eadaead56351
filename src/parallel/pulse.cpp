// SPDX-License-Identifier: Apache-2.0
#include "parallel/pulse.h"

#include <chrono>
#include <csignal>
#include <utility>

#include "xlt/base/context.h"  // monotonic_seconds
#include "xlt/base/error.h"

namespace xlt {

namespace {

constexpr double kBeatSeconds = 2;
constexpr const char* kLeft = "left";

std::string key_of(int64_t rank) { return str_cat("pulse/", rank); }
std::vector<uint8_t> bytes_of(const std::string& text) { return {text.begin(), text.end()}; }

// Signals are for the thread that works.
template <typename Work>
std::thread quiet_thread(const Work& work) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread thread(work);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

}  // namespace

void Pulse::show_first(c10d::Store& store, int64_t rank) { store.set(key_of(rank), bytes_of("0")); }

Pulse::Pulse(c10::intrusive_ptr<c10d::Store> store, int64_t rank, int64_t world_size, double silence_seconds,
             std::function<void(const std::string&)> on_lost)
    : store_(std::move(store)),
      rank_(rank),
      world_size_(world_size),
      silence_seconds_(silence_seconds),
      on_lost_(std::move(on_lost)),
      heard_(monotonic_seconds()) {
  beating_ = quiet_thread([this] { beat(); });
  watching_ = quiet_thread([this] { watch(); });
}

Pulse::~Pulse() {
  is_over_ = true;
  beating_.join();
  watching_.join();
  try {
    store_->set(key_of(rank_), bytes_of(kLeft));
  } catch (const std::exception&) {  // the others have left before
  }
}

bool Pulse::sleep(double seconds) const {
  for (const double end = monotonic_seconds() + seconds; !is_over_ && monotonic_seconds() < end;)
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  return !is_over_;
}

void Pulse::beat() {
  for (int64_t count = 1; !is_over_; ++count) {
    try {
      store_->set(key_of(rank_), bytes_of(str_cat(count)));
      look_at_next();
    } catch (const std::exception&) {
      return lose("where the ranks meet is out of reach, so rank 0 or its launcher is gone");
    }
    sleep(kBeatSeconds);
  }
}

void Pulse::look_at_next() {
  const std::vector<uint8_t> value = store_->get(key_of((rank_ + 1) % world_size_));
  std::string seen(value.begin(), value.end());
  if (seen != last_seen_ || seen == kLeft) heard_ = monotonic_seconds();
  last_seen_ = std::move(seen);
}

void Pulse::watch() {
  while (sleep(0.5))
    if (monotonic_seconds() - heard_ > silence_seconds_)
      return lose(str_cat("rank ", (rank_ + 1) % world_size_, " has not been heard of for ", silence_seconds_,
                          " seconds"));
}

void Pulse::lose(const std::string& why) {
  if (is_over_ || is_lost_.exchange(true)) return;
  if (on_lost_) on_lost_(why);
}

}  // namespace xlt
