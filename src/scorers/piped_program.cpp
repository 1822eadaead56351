// SPDX-License-Identifier: Apache-2.0
#include "scorers/piped_program.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "xlt/base/error.h"

namespace xlt {

namespace {

constexpr size_t kLastWords = 2000;  // bytes of stderr that are kept
constexpr int kPollMilliseconds = 200;

class Pipe {
 public:
  Pipe() {
    if (::pipe2(ends_.data(), O_CLOEXEC) != 0)
      throw Error(ErrorKind::kIo, str_cat("cannot make a pipe: ", std::strerror(errno)));
  }
  ~Pipe() { close_read(), close_write(); }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  int read_end() const { return ends_[0]; }
  int write_end() const { return ends_[1]; }
  void close_read() { close(ends_[0]); }
  void close_write() { close(ends_[1]); }
  static void never_wait(int end) { ::fcntl(end, F_SETFL, ::fcntl(end, F_GETFL) | O_NONBLOCK); }

 private:
  static void close(int& end) {
    if (end >= 0) ::close(end);
    end = -1;
  }
  std::array<int, 2> ends_{-1, -1};
};

// A write to a program that has gone must be an error, not the end of ours. Only this thread's mask is
// touched; a signal that arrived meanwhile is taken before the mask goes back.
class NoPipeSignal {
 public:
  NoPipeSignal() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~NoPipeSignal() {
    const timespec at_once{};
    if (sigismember(&before_, SIGPIPE) == 0)
      while (sigtimedwait(&pipe_, nullptr, &at_once) == SIGPIPE) continue;
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

 private:
  sigset_t pipe_{}, before_{};
};

class Program {
 public:
  Program(const std::filesystem::path& program, Pipe& in, Pipe& out, Pipe& err) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_adddup2(&actions, in.read_end(), STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out.write_end(), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, err.write_end(), STDERR_FILENO);
    // A group of its own, so that it can be killed with its children; signals as a fresh program has them.
    sigset_t none, pipe;
    sigemptyset(&none);
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &pipe);
    posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    std::string path = program.string();
    std::array<char*, 2> arguments{path.data(), nullptr};
    const int error = ::posix_spawn(&id_, path.c_str(), &actions, &attributes, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (error != 0)
      throw Error(ErrorKind::kIo, str_cat("cannot be started: ", std::strerror(error)), program.string());
  }
  ~Program() {
    if (id_ <= 0) return;
    ::kill(-id_, SIGKILL);
    wait();
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  // Its exit code, or −signal, once it has ended by itself.
  bool has_ended() {
    int status = 0;
    pid_t id = 0;
    do id = ::waitpid(id_, &status, WNOHANG);
    while (id < 0 && errno == EINTR);
    if (id == 0) return false;
    status_ = WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
    id_ = 0;
    return true;
  }
  int status() const { return status_; }

 private:
  void wait() {
    while (::waitpid(id_, nullptr, 0) < 0 && errno == EINTR) continue;
  }
  pid_t id_ = 0;
  int status_ = 0;
};

class Pump {
 public:
  Pump(const std::filesystem::path& program, std::string_view input, const PipedOptions& options,
       const Context& context)
      : program_(program),
        rest_(input),
        options_(options),
        context_(context),
        child_(program, in_, out_, err_) {
    in_.close_read();
    out_.close_write();
    err_.close_write();
    for (const int end : {in_.write_end(), out_.read_end(), err_.read_end()}) Pipe::never_wait(end);
    if (rest_.empty()) in_.close_write();
  }

  PipedOutcome run() {
    last_move_ = monotonic_seconds();
    while (out_.read_end() >= 0 || err_.read_end() >= 0) step();
    in_.close_write();  // it closed both its outputs: whatever it has not read it does not want
    while (!child_.has_ended()) {
      look_at_the_clock();
      ::poll(nullptr, 0, 10);
    }
    outcome_.status = child_.status();
    return std::move(outcome_);
  }

 private:
  void step() {
    std::array<pollfd, 3> ends{
        {{in_.write_end(), POLLOUT, 0}, {out_.read_end(), POLLIN, 0}, {err_.read_end(), POLLIN, 0}}};
    if (::poll(ends.data(), ends.size(), kPollMilliseconds) > 0) {
      if (ends[0].revents != 0) write();
      if (ends[1].revents != 0) read(out_, &Pump::take_output);
      if (ends[2].revents != 0) read(err_, &Pump::take_words);
    }
    look_at_the_clock();
  }
  void write() {
    const ssize_t count = ::write(in_.write_end(), rest_.data(), rest_.size());
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count > 0) rest_.remove_prefix(static_cast<size_t>(count));
    last_move_ = monotonic_seconds();
    if (count < 0 || rest_.empty()) in_.close_write();  // it may have closed its end: its answer decides
  }
  void read(Pipe& pipe, void (Pump::*take)(std::string_view)) {
    std::array<char, 65536> buffer;
    const ssize_t count = ::read(pipe.read_end(), buffer.data(), buffer.size());
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    last_move_ = monotonic_seconds();
    if (count <= 0) return pipe.close_read();
    (this->*take)({buffer.data(), static_cast<size_t>(count)});
  }
  void take_output(std::string_view bytes) {
    outcome_.output += bytes;
    if (outcome_.output.size() > options_.most_output)
      throw Error(ErrorKind::kIo, str_cat("wrote more than ", options_.most_output, " bytes"),
                  program_.string());
  }
  void take_words(std::string_view bytes) {
    outcome_.last_words += bytes;
    if (outcome_.last_words.size() > 2 * kLastWords)
      outcome_.last_words.erase(0, outcome_.last_words.size() - kLastWords);
  }
  void look_at_the_clock() const {
    context_.throw_if_interrupted();
    if (monotonic_seconds() - last_move_ > options_.timeout)
      throw Error(ErrorKind::kIo,
                  str_cat("did nothing for ", options_.timeout, " seconds and was killed (--scorer-timeout)"),
                  program_.string());
  }

  const std::filesystem::path& program_;
  std::string_view rest_;
  const PipedOptions& options_;
  const Context& context_;
  NoPipeSignal no_signal_;
  Pipe in_, out_, err_;
  Program child_;
  PipedOutcome outcome_;
  double last_move_ = 0;
};

}  // namespace

PipedOutcome run_piped(const std::filesystem::path& program, std::string_view input,
                       const PipedOptions& options, const Context& context) {
  return Pump(program, input, options, context).run();
}

}  // namespace xlt
