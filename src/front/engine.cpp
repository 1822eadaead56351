// SPDX-License-Identifier: Apache-2.0
#include "front/engine.h"

#include "front/torch_folder.h"
#include "wait_policy.h"

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

// An engine that is the front, by a link say, would become itself for ever.
bool was_already_left() {
  const std::string own = std::to_string(::getpid());
  const char* left = std::getenv("XLT_FRONT");
  if (left != nullptr && own == left) return true;
  ::setenv("XLT_FRONT", own.c_str(), /*overwrite=*/1);
  return false;
}

// The loader reads LD_LIBRARY_PATH once; what the engine starts is to see what we were given (src/main.cpp).
void show_to_loader(const fs::path& libraries) {
  const char* given = std::getenv("LD_LIBRARY_PATH");
  const std::string outer = given ? given : "";
  ::setenv("XLT_OUTER_LIBRARY_PATH", outer.c_str(), /*overwrite=*/1);
  ::setenv("LD_LIBRARY_PATH", (libraries.string() + (outer.empty() ? "" : ":" + outer)).c_str(), 1);
}

// libgomp reads it while it is loaded: set here, the engine need not start itself once more.
void choose_spin() {
  for (const char* choice : wait_policy::kChoices)
    if (std::getenv(choice) != nullptr) return;
  ::setenv(wait_policy::kVariable, wait_policy::kTurns, /*overwrite=*/1);
}

}  // namespace

void remember_arguments(char** argv) { arguments = argv; }

std::string try_to_become_engine() {
  std::error_code code;
  const fs::path here = fs::read_symlink("/proc/self/exe", code).parent_path();
  fs::path engine = here / "xlt-engine";
  if (const fs::path packaged = here.parent_path() / "libexec" / "xlt-engine"; fs::exists(packaged, code)) {
    engine = packaged;
    const auto libraries = find_torch_libraries(here.parent_path());
    if (!libraries) return engine.string() + ": " + kTorchNotFound;
    show_to_loader(*libraries);
  }
  if (was_already_left()) return engine.string() + ": is xlt itself, not the engine that stands beside it";
  choose_spin();
  std::fflush(stdout);
  ::execv(engine.c_str(), arguments);
  return engine.string() + ": " + std::strerror(errno) +
         "; it does what needs a model and has to stand beside xlt (ninja -C build/release xlt makes both)";
}

int become_engine() {
  std::fprintf(stderr, "xlt: error: %s\n", try_to_become_engine().c_str());
  return exit_code(ErrorKind::kIo);
}

}  // namespace xlt::front
