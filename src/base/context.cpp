// SPDX-License-Identifier: Apache-2.0
// Progress and clocks.
#include "xlt/base/context.h"

#include <chrono>

#include "xlt/base/error.h"
#include "xlt/base/lost_bytes.h"

namespace xlt {

namespace {
constexpr double kSecondsBetweenDraws = 0.1;
}

double monotonic_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

Progress::Progress(ProgressSink* sink, std::string title, int64_t total, std::string unit, int64_t start)
    : sink_(sink),
      title_(std::move(title)),
      unit_(std::move(unit)),
      done_(start),
      total_(total),
      start_(start),
      begin_seconds_(monotonic_seconds()) {}

Progress::Progress(Progress&& other) noexcept
    : sink_(other.sink_),
      title_(std::move(other.title_)),
      unit_(std::move(other.unit_)),
      done_(other.done_),
      total_(other.total_),
      start_(other.start_),
      begin_seconds_(other.begin_seconds_),
      last_draw_(other.last_draw_) {
  other.sink_ = nullptr;
}

Progress::~Progress() {
  if (sink_) sink_->end(title_, done_ - start_, unit_, monotonic_seconds() - begin_seconds_);
}

void Progress::advance(int64_t count, const std::string& note) {
  done_ += count;
  if (!sink_) return;
  const double now = monotonic_seconds();
  if (now - last_draw_ < kSecondsBetweenDraws && done_ != total_) return;
  last_draw_ = now;
  sink_->draw(title_, done_, total_, unit_, note, now - begin_seconds_);
}

void Context::write(LogLevel level, const std::string& line) const {
  if (log) log->write(level, line);
}

void Context::throw_if_interrupted() const {
  throw_if_bytes_lost();
  if (interrupted()) throw Error(ErrorKind::kInterrupted, "interrupted");
}

Progress Context::progress(const std::string& title, int64_t total, const std::string& unit,
                           int64_t start) const {
  return Progress(progress_sink, title, total, unit, start);
}

}  // namespace xlt
