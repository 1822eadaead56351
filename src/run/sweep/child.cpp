// SPDX-License-Identifier: Apache-2.0
#include "run/sweep/child.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string_view>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "xlt/base/error.h"
#include "xlt/parallel/launch.h"

namespace xlt {

namespace {

constexpr int kNotStarted = 127;

// Between fork and exec, in a process that has other threads: nothing but system calls.
[[noreturn]] void become(char* const* command, char* const* environment, int text, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(kNotStarted);  // it died before this was said
  // Ctrl-C in a terminal is for the sweep, which passes it on.
  ::setpgid(0, 0);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ::dup2(nothing, STDIN_FILENO);
  ::dup2(text, STDOUT_FILENO);
  ::dup2(text, STDERR_FILENO);
  ::execve(command[0], command, environment);
  ::_exit(kNotStarted);
}

// Without what says that this process is one of several ranks: sweeps that share work under srun are each by
// themselves, and so are their cells.
std::vector<char*> environment_of_one() {
  const auto is_launchers = [](std::string_view entry) {
    const auto& names = launch_variables();
    return std::find(names.begin(), names.end(), entry.substr(0, entry.find('='))) != names.end();
  };
  std::vector<char*> kept;
  for (char** entry = environ; *entry != nullptr; ++entry)
    if (!is_launchers(*entry)) kept.push_back(*entry);
  kept.push_back(nullptr);
  return kept;
}

}  // namespace

ChildProcess::ChildProcess(const std::vector<std::string>& command, const std::filesystem::path& text_file) {
  const int text = ::open(text_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (text < 0)
    throw Error(ErrorKind::kIo, str_cat("cannot be written: ", std::strerror(errno)), text_file.string());
  std::vector<char*> words;
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  const std::vector<char*> environment = environment_of_one();
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  const int reason = errno;
  if (pid_ == 0) become(words.data(), environment.data(), text, parent);
  ::close(text);
  if (pid_ < 0)
    throw Error(ErrorKind::kIo, str_cat("no process could be started: ", std::strerror(reason)), command[0]);
}

ChildProcess::~ChildProcess() {
  if (poll()) return;
  kill();
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

std::optional<int> ChildProcess::poll() {
  int status = 0;
  if (!code_ && ::waitpid(pid_, &status, WNOHANG) == pid_)
    code_ = WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
  return code_;
}

// Not SIGTERM: Slurm sends that to every process of a step, and a command that gets one signal twice ends at
// once.
void ChildProcess::ask_to_stop() {
  if (!poll()) ::kill(pid_, SIGINT);
}

void ChildProcess::kill() {
  if (!poll()) ::kill(pid_, SIGKILL);
}

}  // namespace xlt
