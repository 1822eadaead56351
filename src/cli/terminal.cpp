// SPDX-License-Identifier: Apache-2.0
#include "cli/terminal.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iostream>

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "xlt/base/utf8.h"

namespace xlt::cli {

namespace {

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
    case LogLevel::kOff:
      return spdlog::level::off;
  }
  return spdlog::level::info;
}

int terminal_width() {
  winsize size{};
  constexpr int kUsual = 80;
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : kUsual;
}

// "1:02:03", "0:45"
std::string clock_text(double seconds) {
  const auto whole = static_cast<int64_t>(std::ceil(seconds));
  char text[32];
  if (whole >= 3600)
    std::snprintf(text, sizeof text, "%ld:%02ld:%02ld", static_cast<long>(whole / 3600),
                  static_cast<long>(whole / 60 % 60), static_cast<long>(whole % 60));
  else
    std::snprintf(text, sizeof text, "%ld:%02ld", static_cast<long>(whole / 60),
                  static_cast<long>(whole % 60));
  return text;
}

std::string rate_text(double rate) {
  char text[32];
  std::snprintf(text, sizeof text, rate >= 10 ? "%.0f/s" : "%.2f/s", rate);
  return text;
}

// The first `width` characters; never half of one.
std::string cut(const std::string& text, int width) {
  int columns = 0;
  for (size_t i = 0; i < text.size(); ++i)
    if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80 && columns++ == width) return text.substr(0, i);
  return text;
}

}  // namespace

struct Terminal::Logger {
  std::shared_ptr<spdlog::logger> log;
};

bool stderr_is_terminal() { return isatty(STDERR_FILENO) != 0; }

std::string progress_line(const std::string& title, int64_t done, int64_t total, const std::string& unit,
                          const std::string& note, double rate) {
  std::string line = title + " ";
  if (total > 0) line += std::to_string(100 * std::clamp<int64_t>(done, 0, total) / total) + "% ";
  line += std::to_string(done) + (total > 0 ? "/" + std::to_string(total) : "") + " " + unit;
  if (rate > 0) line += ", " + rate_text(rate);
  if (rate > 0 && total > done) line += ", " + clock_text(static_cast<double>(total - done) / rate) + " left";
  if (!note.empty()) line += ", " + note;
  return line;
}

std::string bar_line(const std::string& title, int64_t done, int64_t total, const std::string& unit,
                     const std::string& note, double rate, int width) {
  std::string bar;
  if (total > 0) {
    constexpr int64_t kCells = 20;
    const auto filled = static_cast<size_t>(kCells * std::clamp<int64_t>(done, 0, total) / total);
    bar = " [" + std::string(filled, '=') + std::string(kCells - filled, ' ') + "]";
  }
  return cut(progress_line(title + bar, done, total, unit, note, rate), width);
}

Terminal::Terminal(LogLevel level, ProgressForm form, double seconds_between_lines)
    : logger_(std::make_unique<Logger>()),
      form_(form),
      seconds_between_lines_(seconds_between_lines),
      last_line_(monotonic_seconds()) {
  logger_->log = std::make_shared<spdlog::logger>("xlt", std::make_shared<spdlog::sinks::stderr_sink_st>());
  logger_->log->set_level(spdlog_level(level));
  logger_->log->set_pattern("%H:%M:%S %l: %v");
}

Terminal::~Terminal() { clear_bar(); }

void Terminal::write(LogLevel level, const std::string& line) {
  if (!logger_->log->should_log(spdlog_level(level))) return;
  clear_bar();
  // Where both streams go to one file, a line must not stand in the middle of a table.
  std::cout.flush();
  std::fflush(stdout);
  logger_->log->log(spdlog_level(level), escape_controls(line));
  logger_->log->flush();
}

void Terminal::clear_bar() {
  if (!bar_is_drawn_) return;
  std::fputs("\r\033[K", stderr);
  std::fflush(stderr);
  bar_is_drawn_ = false;
}

double Terminal::rate_of(const std::string& title, int64_t done, double seconds) {
  const Start& start = starts_.try_emplace(title, Start{done, seconds}).first->second;
  const double elapsed = seconds - start.seconds;
  return elapsed > 0 ? static_cast<double>(done - start.done) / elapsed : 0;
}

void Terminal::draw(const std::string& title, int64_t done, int64_t total, const std::string& unit,
                    const std::string& note, double seconds) {
  const double rate = rate_of(title, done, seconds);
  if (form_ == ProgressForm::kLines) {
    if (monotonic_seconds() - last_line_ < seconds_between_lines_) return;
    write(LogLevel::kInfo, progress_line(title, done, total, unit, note, rate));
    last_line_ = monotonic_seconds();
    return;
  }
  std::fputs(("\r" + bar_line(title, done, total, unit, note, rate, terminal_width() - 1) + "\033[K").c_str(),
             stderr);
  std::fflush(stderr);
  bar_is_drawn_ = true;
}

void Terminal::end(const std::string& title, int64_t done, const std::string& unit, double seconds) {
  clear_bar();
  starts_.erase(title);
}

}  // namespace xlt::cli
