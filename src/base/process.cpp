// SPDX-License-Identifier: Apache-2.0
#include "xlt/base/process.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <fstream>
#include <optional>
#include <sstream>

#include <unistd.h>

#include "xlt/base/file.h"  // sha256

namespace xlt {

namespace {

std::string text_of(const char* file) {
  std::ifstream stream(file);
  std::ostringstream text;
  text << stream.rdbuf();  // throws nothing where the process has ended since it was opened
  return text.str();
}

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

// Names are not enough: containers share one, and a pid of another boot or namespace is another process's.
std::string host_key(const std::string& host) {
  std::error_code ignored;
  const fs::path space = fs::read_symlink("/proc/self/ns/pid", ignored);
  return sha256(host + "\n" + text_of("/proc/sys/kernel/random/boot_id") + "\n" + space.string())
      .substr(0, 8);
}

struct ProcessState {
  char state = '?';
  std::string started;
};

// From /proc/PID/stat: the program's name stands in parentheses and may hold anything, so fields are counted
// after the last one; the state is the first of them, the start the twentieth.
std::optional<ProcessState> state_of(int64_t pid) {
  const std::string stat = text_of(("/proc/" + std::to_string(pid) + "/stat").c_str());
  const size_t name_end = stat.rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream fields(stat.substr(name_end + 1));
  ProcessState result;
  fields >> result.state;
  constexpr int kFieldsBetween = 18;
  for (int i = 0; i < kFieldsBetween + 1; ++i) fields >> result.started;
  return fields ? std::optional(result) : std::nullopt;
}

}  // namespace

ProcessId this_process() {
  const auto state = state_of(::getpid());
  const std::string host = host_name();
  return {host, host_key(host), ::getpid(), state ? state->started : "0"};
}

bool is_dead(const ProcessId& process) {
  if (process.pid <= 0 || process.host_key != host_key(host_name())) return false;
  if (::kill(static_cast<pid_t>(process.pid), 0) != 0 && errno == ESRCH) return true;
  const auto state = state_of(process.pid);
  if (!state) return false;  // /proc is hidden, or it ended this moment: the next look will say
  // One that nobody waited for runs no more.
  if (state->state == 'Z' || state->state == 'X') return true;
  return process.started != "0" && state->started != process.started;
}

}  // namespace xlt
