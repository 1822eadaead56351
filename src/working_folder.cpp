// SPDX-License-Identifier: Apache-2.0
// The program does not start in a folder that was removed. Libraries that libtorch brings end the process
// there while they are loaded, before main, with a message about themselves; so this is looked at earlier
// still, with nothing but system calls.
#include <climits>
#include <cstring>

#include <sys/syscall.h>
#include <unistd.h>

namespace {

void refuse_removed_working_folder(int, char**, char**) {
  char folder[PATH_MAX];
  if (::syscall(SYS_getcwd, folder, sizeof folder) > 0 && folder[0] == '/') return;
  constexpr const char* kMessage =
      "xlt: error: working folder: it is not there any more; change to one that is\n";
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, kMessage, std::strlen(kMessage));
  ::_exit(3);
}

}  // namespace

// What stands in this section is run before the initialisers of shared libraries.
[[gnu::section(".preinit_array"),
  gnu::used]] static void (*const kBeforeLibraries)(int, char**, char**) = refuse_removed_working_folder;
