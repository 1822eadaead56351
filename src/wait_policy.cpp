// SPDX-License-Identifier: Apache-2.0
// How threads wait for one another. OpenMP's spin for up to 14 ms before they sleep; where other work wants
// the cores, that is time taken from the very threads that are waited for. libgomp reads its settings when it
// is loaded, before main(), so the program starts itself once more with a short spin in the environment:
// before any library's initialisation. The front has set it already; this is for who starts the engine
// itself.
#include "wait_policy.h"

#include <climits>
#include <cstdint>
#include <cstring>

#include <sys/auxv.h>
#include <unistd.h>

#if defined(__linux__) && defined(__GLIBC__) && !defined(XLT_SANITIZED)

namespace {

bool is_of(const char* entry, const char* variable) {
  const size_t length = std::strlen(variable);
  return std::strncmp(entry, variable, length) == 0 && entry[length] == '=';
}

// Runs before libc's own initialisation: nothing here allocates or writes but to the stack.
void start_again_with_a_short_spin(int, char** argv, char** envp) {
  // 0 where the dynamic loader was called by name: /proc/self/exe is then not this program.
  if (getauxval(AT_BASE) == 0) return;
  size_t count = 0;
  for (; envp[count] != nullptr; ++count)
    for (const char* name : xlt::wait_policy::kChoices)
      if (is_of(envp[count], name)) return;
  char spin[64] = {};
  std::strcat(std::strcat(std::strcat(spin, xlt::wait_policy::kVariable), "="), xlt::wait_policy::kTurns);
  auto** environment = static_cast<char**>(__builtin_alloca((count + 2) * sizeof(char*)));
  std::memcpy(environment, envp, count * sizeof(char*));
  environment[count] = spin;
  environment[count + 1] = nullptr;
  char program[PATH_MAX];
  const ssize_t length = readlink("/proc/self/exe", program, sizeof(program) - 1);
  if (length <= 0) return;
  program[length] = '\0';
  execve(program, argv, environment);  // where it fails, threads spin
}

}  // namespace

__attribute__((section(".preinit_array"),
               used)) static void (*const before_libraries)(int, char**,
                                                            char**) = start_again_with_a_short_spin;

#endif
