// SPDX-License-Identifier: Apache-2.0
// Log lines and the progress bar, both on stderr, kept out of each other's way. The bar is drawn on a
// terminal only.
#pragma once

#include <memory>
#include <string>

#include "xlt/base/context.h"

namespace xlt::cli {

class Terminal final : public Log, public ProgressSink {
 public:
  explicit Terminal(LogLevel level, bool shows_progress);
  ~Terminal() override;
  void write(LogLevel level, const std::string& line) override;
  void draw(const std::string& title, int64_t done, int64_t total, const std::string& unit,
            const std::string& note, double seconds) override;
  void end(const std::string& title, int64_t done, const std::string& unit, double seconds) override;

 private:
  void clear_bar();
  struct Logger;
  std::unique_ptr<Logger> logger_;
  bool shows_progress_, bar_is_drawn_ = false;
  // Where the work under `title_` stood when first drawn: a resumed run's rate counts only what this process
  // did.
  std::string title_;
  int64_t first_done_ = 0;
  double first_seconds_ = 0;
};

// Whether stderr is a terminal.
bool stderr_is_terminal();

// One line of a bar, at most `width` columns: "training [=====>    ]  45 % 123/270 steps, 3.2/s, 0:45 left,
// loss 0.69". `rate` in units a second; 0: not known yet.
std::string bar_line(const std::string& title, int64_t done, int64_t total, const std::string& unit,
                     const std::string& note, double rate, int width);

}  // namespace xlt::cli
