// SPDX-License-Identifier: Apache-2.0
#include "front/engine.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>

#include <unistd.h>

#include "xlt/base/error.h"

namespace xlt::front {

namespace {

char** arguments = nullptr;

}  // namespace

void remember_arguments(char** argv) { arguments = argv; }

int become_engine() {
  std::error_code code;
  const auto engine = std::filesystem::read_symlink("/proc/self/exe", code).replace_filename("xlt-engine");
  std::fflush(stdout);
  ::execv(engine.c_str(), arguments);
  std::fprintf(stderr,
               "xlt: error: %s: %s; it does what needs a model and has to stand beside xlt (ninja -C "
               "build/release xlt makes both)\n",
               engine.c_str(), std::strerror(errno));
  return exit_code(ErrorKind::kIo);
}

}  // namespace xlt::front
