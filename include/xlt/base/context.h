// SPDX-License-Identifier: Apache-2.0
// What long work is handed from above: where to log, whom to tell about progress, whether to stop.
//
//   Progress bar = context.progress("scoring", total);
//   for (…) { context.throw_if_interrupted(); …; bar.advance(1); }
//
// One thread, except `interrupted`, which a signal handler sets.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

namespace xlt {

enum class LogLevel { kDebug, kInfo, kWarning, kError, kOff };

// A line for people, on stderr. Data never goes here.
class Log {
 public:
  virtual ~Log() = default;
  virtual void write(LogLevel level, const std::string& line) = 0;
};

// Draws one piece of work; implemented by `cli` (a bar on a terminal) and by tests.
class ProgressSink {
 public:
  virtual ~ProgressSink() = default;
  // `note` is free text beside the bar ("loss 0.69"); `total` 0: unknown.
  virtual void draw(const std::string& title, int64_t done, int64_t total, const std::string& unit,
                    const std::string& note, double seconds) = 0;
  virtual void end(const std::string& title, int64_t done, const std::string& unit, double seconds) = 0;
};

class Progress {
 public:
  Progress(ProgressSink* sink, std::string title, int64_t total, std::string unit, int64_t start = 0);
  ~Progress();
  Progress(Progress&&) noexcept;
  Progress& operator=(Progress&&) = delete;
  void advance(int64_t count, const std::string& note = {});

 private:
  ProgressSink* sink_;
  std::string title_, unit_;
  int64_t done_, total_, start_;
  double begin_seconds_, last_draw_ = 0;
};

struct Context {
  Log* log = nullptr;                                   // may be null: silent
  ProgressSink* progress_sink = nullptr;                // may be null: no bar
  const std::atomic<bool>* interrupted_flag = nullptr;  // may be null: never

  void debug(const std::string& line) const { write(LogLevel::kDebug, line); }
  void info(const std::string& line) const { write(LogLevel::kInfo, line); }
  void warn(const std::string& line) const { write(LogLevel::kWarning, line); }
  void write(LogLevel level, const std::string& line) const;
  bool interrupted() const { return interrupted_flag && interrupted_flag->load(std::memory_order_relaxed); }
  void throw_if_interrupted() const;  // kInterrupted
  Progress progress(const std::string& title, int64_t total, const std::string& unit,
                    int64_t start = 0) const;
};

// Monotonic seconds, for rates and reports.
double monotonic_seconds();

}  // namespace xlt
