// SPDX-License-Identifier: Apache-2.0
#include "cli/report_errors.h"

#include "cli/command_line.h"

#include <cstdio>
#include <exception>
#include <filesystem>
#include <new>
#include <string>

#include "xlt/base/error.h"
#include "xlt/base/lost_bytes.h"
#include "xlt/base/utf8.h"

namespace xlt::cli {

namespace {

// What a stranger's file says may be in a message: it must neither command the terminal nor fill it.
std::string shown(const std::string& message) {
  constexpr size_t kMost = 20'000;
  if (message.size() <= kMost) return escape_controls(message);
  size_t end = kMost;
  while (end > 0 && (static_cast<unsigned char>(message[end]) & 0xC0) == 0x80) --end;
  return escape_controls(message.substr(0, end)) + " …";
}

int report(const std::string& message, int code) {
  std::fflush(stdout);
  std::fprintf(stderr, "xlt: error: %s\n", shown(message).c_str());
  return code;
}

constexpr const char* kOutOfMemory =
    "out of memory; use a smaller --batch-tokens or --batch-size, or --dtype bfloat16; in training also a "
    "smaller "
    "--max-length, --gradient-checkpointing or --adapter qlora";
// What libtorch's allocators say, on the CPU and on a GPU.
bool is_out_of_memory(const std::string& text) {
  return text.find("allocate memory") != std::string::npos || text.find("out of memory") != std::string::npos;
}

// libtorch appends a C++ backtrace to its messages; the first line says it.
std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

// Bytes that a mapped file lost are the cause of whatever goes wrong after them, and of results that look
// right.
int run_unless_bytes_are_lost(int argc, char** argv) {
  int code = 0;
  try {
    code = run_command_line(argc, argv);
  } catch (...) {
    throw_if_bytes_lost();
    throw;
  }
  throw_if_bytes_lost();
  return code;
}

}  // namespace

int report_current_error() {
  try {
    throw;
  } catch (const Error& error) {
    return report(error.what(), exit_code(error.kind()));
  } catch (const std::filesystem::filesystem_error& error) {
    // A path that cannot even be looked at: no permission, a loop of links, a name too long.
    return report(error.path1().string() + ": " + error.code().message(), exit_code(ErrorKind::kIo));
  } catch (const std::bad_alloc&) {
    return report(kOutOfMemory, 1);
  } catch (const std::exception& error) {
    if (is_out_of_memory(error.what())) return report(kOutOfMemory, 1);
    return report("internal error, please report: " + first_line(error.what()), 1);
  }
}

int run_and_report(int argc, char** argv, const std::function<int()>& on_usage_error) {
  try {
    return run_unless_bytes_are_lost(argc, argv);
  } catch (const Error& error) {
    return on_usage_error && error.kind() == ErrorKind::kUsage ? on_usage_error() : report_current_error();
  } catch (...) {
    return report_current_error();
  }
}

}  // namespace xlt::cli
