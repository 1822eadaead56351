// SPDX-License-Identifier: Apache-2.0
// Log lines and progress, both on stderr, kept out of each other's way. On a terminal progress is a bar; into
// a file or a pipe, where a bar would be noise, it is a log line now and then.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "xlt/base/context.h"

namespace xlt::cli {

enum class ProgressForm { kBar, kLines };

class Terminal final : public Log, public ProgressSink {
 public:
  static constexpr double kSecondsBetweenLines = 30;
  // Lines of progress are of level info, `seconds_between_lines` apart at least, and none before that.
  Terminal(LogLevel level, ProgressForm form, double seconds_between_lines = kSecondsBetweenLines);
  ~Terminal() override;
  void write(LogLevel level, const std::string& line) override;
  void draw(const std::string& title, int64_t done, int64_t total, const std::string& unit,
            const std::string& note, double seconds) override;
  void end(const std::string& title, int64_t done, const std::string& unit, double seconds) override;

 private:
  // Where work stood when first drawn: a resumed run's rate counts only what this process did.
  struct Start {
    int64_t done;
    double seconds;
  };
  double rate_of(const std::string& title, int64_t done, double seconds);
  void clear_bar();
  struct Logger;
  std::unique_ptr<Logger> logger_;
  ProgressForm form_;
  bool bar_is_drawn_ = false;
  std::map<std::string, Start> starts_;  // by title, of work that has not ended: one may be within another
  double seconds_between_lines_, last_line_;
};

// Whether stderr is a terminal.
bool stderr_is_terminal();

// One line of a bar, at most `width` columns: "training [=====>    ]  45 % 123/270 steps, 3.2/s, 0:45 left,
// loss 0.69". `rate` in units a second; 0: not known yet.
std::string bar_line(const std::string& title, int64_t done, int64_t total, const std::string& unit,
                     const std::string& note, double rate, int width);
// The same for a log, whole and without the picture: "training 45 % 123/270 steps, 3.2/s, 0:45 left, loss
// 0.69".
std::string progress_line(const std::string& title, int64_t done, int64_t total, const std::string& unit,
                          const std::string& note, double rate);

}  // namespace xlt::cli
