// SPDX-License-Identifier: Apache-2.0
#include "cli/report_errors.h"

#include "cli/command_line.h"

#include <cstdio>
#include <exception>
#include <filesystem>
#include <new>
#include <string>

#include "xlt/base/error.h"

namespace xlt::cli {

namespace {

int report(const std::string& message, int code) {
  std::fflush(stdout);
  std::fprintf(stderr, "xlt: error: %s\n", message.c_str());
  return code;
}

constexpr const char* kOutOfMemory =
    "out of memory; use a smaller --batch-tokens or --batch-size, or --dtype bfloat16";
// What libtorch's allocators say, on the CPU and on a GPU.
bool is_out_of_memory(const std::string& text) {
  return text.find("allocate memory") != std::string::npos || text.find("out of memory") != std::string::npos;
}

// libtorch appends a C++ backtrace to its messages; the first line says it.
std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

}  // namespace

int run_and_report(int argc, char** argv) {
  try {
    return run_command_line(argc, argv);
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

}  // namespace xlt::cli
