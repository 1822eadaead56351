// SPDX-License-Identifier: Apache-2.0
#include "front/engine.h"

#include "front/torch_folder.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <system_error>

#include <unistd.h>

#include "xlt/base/error.h"

namespace xlt::front {

namespace {

namespace fs = std::filesystem;

char** arguments = nullptr;

int fail(const fs::path& place, const std::string& message) {
  std::fprintf(stderr, "xlt: error: %s: %s\n", place.c_str(), message.c_str());
  return exit_code(ErrorKind::kIo);
}

// The loader reads LD_LIBRARY_PATH once; what the engine starts is to see what we were given (src/main.cpp).
void show_to_loader(const fs::path& libraries) {
  const char* given = std::getenv("LD_LIBRARY_PATH");
  const std::string outer = given ? given : "";
  ::setenv("XLT_OUTER_LIBRARY_PATH", outer.c_str(), /*overwrite=*/1);
  ::setenv("LD_LIBRARY_PATH", (libraries.string() + (outer.empty() ? "" : ":" + outer)).c_str(), 1);
}

}  // namespace

void remember_arguments(char** argv) { arguments = argv; }

int become_engine() {
  std::error_code code;
  const fs::path here = fs::read_symlink("/proc/self/exe", code).parent_path();
  fs::path engine = here / "xlt-engine";
  if (const fs::path packaged = here.parent_path() / "libexec" / "xlt-engine"; fs::exists(packaged, code)) {
    engine = packaged;
    const auto libraries = find_torch_libraries(here.parent_path());
    if (!libraries) return fail(engine, kTorchNotFound);
    show_to_loader(*libraries);
  }
  std::fflush(stdout);
  ::execv(engine.c_str(), arguments);
  return fail(engine, std::string(std::strerror(errno)) +
                          "; it does what needs a model and has to stand beside xlt (ninja -C build/release "
                          "xlt makes both)");
}

}  // namespace xlt::front
