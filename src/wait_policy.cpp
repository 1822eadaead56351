// SPDX-License-Identifier: Apache-2.0
// How threads wait for one another. OpenMP's spin for up to 14 ms before they sleep; where other work wants
// the cores, that is time taken from the very threads that are waited for. libgomp reads its settings when it
// is loaded, before main(), so the program starts itself once more with a short spin in the environment:
// before any library's initialisation, which makes that nearly free. Whoever sets OMP_WAIT_POLICY or
// GOMP_SPINCOUNT keeps the choice.
#include <climits>
#include <cstdint>
#include <cstring>

#include <sys/auxv.h>
#include <unistd.h>

#if defined(__linux__) && defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)

namespace {

constexpr const char* kOwn[] = {"OMP_WAIT_POLICY=", "GOMP_SPINCOUNT="};
// Turns of a loop with a pause, tens of nanoseconds each: longer than what mostly lies between two parallel
// sections of a layer, shorter than what putting a thread to sleep and waking it costs.
char spin[] = "GOMP_SPINCOUNT=2000";

// Runs before libc's own initialisation: nothing here allocates or writes but to the stack.
void start_again_with_a_short_spin(int, char** argv, char** envp) {
  // 0 where the dynamic loader was called by name: /proc/self/exe is then not this program.
  if (getauxval(AT_BASE) == 0) return;
  size_t count = 0;
  for (; envp[count] != nullptr; ++count)
    for (const char* name : kOwn)
      if (std::strncmp(envp[count], name, std::strlen(name)) == 0) return;
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
