// SPDX-License-Identifier: Apache-2.0
#include "xlt/base/lock.h"

#include "base/temporary.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstring>
#include <mutex>
#include <random>
#include <thread>
#include <tuple>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/json.h"

namespace xlt {

namespace {

using std::chrono::duration;

constexpr int kBeatsPerLease = 4;
// How long after a takeover without a file lock (below) another's would have shown.
constexpr double kSettleSeconds = 0.2;

void sleep_seconds(double seconds) { std::this_thread::sleep_for(duration<double>(seconds)); }

std::string content_of(const ProcessId& self, const std::string& work, uint64_t token, int64_t beat) {
  // Always as long, so that it is overwritten in place.
  const std::string count = std::to_string(beat);
  return dump_json({{"host", self.host},
                    {"host_key", self.host_key},
                    {"pid", self.pid},
                    {"started", self.started},
                    {"work", work},
                    {"token", std::to_string(token)},
                    {"beat", std::string(12 - std::min<size_t>(12, count.size()), '0') + count}}) +
         "\n";
}

uint64_t random_token() {
  std::random_device device;
  return static_cast<uint64_t>(device()) << 32 | device();
}

bool write_at_start(int descriptor, const std::string& content) {
  return ::pwrite(descriptor, content.data(), content.size(), 0) == static_cast<ssize_t>(content.size()) &&
         ::fsync(descriptor) == 0;
}

// Whether `file` is the very file that is open as `descriptor`.
bool is_same_file(const fs::path& file, int descriptor) {
  struct stat named {
  }, open{};
  return ::stat(file.c_str(), &named) == 0 && ::fstat(descriptor, &open) == 0 &&
         named.st_ino == open.st_ino && named.st_dev == open.st_dev;
}

std::optional<std::string> read_if_there(const fs::path& file) {
  // Opened anew each time: what a network file system shows is fresh then.
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (descriptor < 0 && errno == ENOENT) return std::nullopt;
  std::array<char, 4096> bytes{};
  const ssize_t count = descriptor < 0 ? -1 : ::read(descriptor, bytes.data(), bytes.size());
  const int reason = errno;
  if (descriptor >= 0) ::close(descriptor);
  if (count < 0)
    throw Error(ErrorKind::kIo, str_cat("the lock cannot be read: ", std::strerror(reason)), file.string());
  return std::string(bytes.data(), static_cast<size_t>(count));
}

// A finished lock file under a name of its own; becomes the lock by being linked or renamed.
class Draft {
 public:
  Draft(const fs::path& file, const std::string& content) : temporary_(make_temporary_file(file)) {
    take_mode(temporary_.descriptor, file, 0666);  // others may read who holds it
    if (!write_at_start(temporary_.descriptor, content)) {
      const int reason = errno;
      discard();
      throw Error(ErrorKind::kIo, str_cat("cannot write: ", std::strerror(reason)), file.string());
    }
  }
  ~Draft() { discard(); }
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;

  // Under `file` where nothing stands there; else, or where it cannot be said, no.
  bool link_to(const fs::path& file) {
    const int failed = ::link(temporary_.path.c_str(), file.c_str());
    const int reason = errno;
    if (failed == 0 || is_at(file)) return true;  // the answer may get lost
    if (reason == EEXIST) return false;
    // No hard links here: the name goes to whoever makes the file.
    const int made = ::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (made < 0 && errno == EEXIST) return false;
    if (made < 0)
      throw Error(ErrorKind::kIo, str_cat("the lock cannot be made: ", std::strerror(errno)), file.string());
    std::array<char, 4096> bytes{};
    const ssize_t count = ::pread(temporary_.descriptor, bytes.data(), bytes.size(), 0);
    write_at_start(made, std::string(bytes.data(), static_cast<size_t>(std::max<ssize_t>(count, 0))));
    ::close(temporary_.descriptor);
    temporary_.descriptor = made;
    return true;
  }
  bool rename_to(const fs::path& file) { return ::rename(temporary_.path.c_str(), file.c_str()) == 0; }
  bool is_at(const fs::path& file) const { return is_same_file(file, temporary_.descriptor); }
  // The open file, from now on the caller's.
  int take() {
    const int descriptor = temporary_.descriptor;
    temporary_.descriptor = -1;
    return descriptor;
  }

 private:
  void discard() {
    if (temporary_.descriptor >= 0) ::close(temporary_.descriptor);
    temporary_.descriptor = -1;
    ::unlink(temporary_.path.c_str());
  }
  TemporaryFile temporary_;
};

// Puts the draft in place of a lock whose content was `seen` and whose owner is over. One of several that try
// succeeds: they take turns by flock on the old file, and each looks at it again in its turn.
bool replace_lock(const fs::path& file, const std::string& seen, Draft& draft) {
  const int old = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (old < 0) return false;
  const bool takes_turns = ::flock(old, LOCK_EX | LOCK_NB) == 0;
  const bool is_anothers_turn = !takes_turns && errno == EWOULDBLOCK;
  const bool is_replaced =
      !is_anothers_turn && is_same_file(file, old) && read_if_there(file) == seen && draft.rename_to(file);
  if (is_replaced && !takes_turns) sleep_seconds(kSettleSeconds);
  const bool is_ours = is_replaced && draft.is_at(file);
  ::close(old);
  return is_ours;
}

// Who holds a lock with this content, and to what end; nobody known where it is damaged, or not yet written.
std::pair<ProcessId, std::string> parse_holder(const std::string& content) {
  const Json json = Json::parse(content, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return {};
  try {
    return {{json.value("host", ""), json.value("host_key", ""), json.value("pid", int64_t{0}),
             json.value("started", "0")},
            json.value("work", "")};
  } catch (const Json::exception&) {
    return {};
  }
}

std::string describe(const ProcessId& holder, const std::string& work) {
  if (holder.pid == 0) return "another process";
  return str_cat("process ", holder.pid, holder.host.empty() ? "" : " on " + holder.host,
                 work.empty() ? "" : ", which " + work + " here");
}

}  // namespace

struct FileLock::State {
  fs::path file;
  LockOptions options;
  ProcessId self;
  uint64_t token = 0;
  int descriptor = -1;
  std::thread heart;
  std::mutex mutex;
  std::condition_variable stopped;
  bool is_stopping = false;

  void beat() {
    std::unique_lock guard(mutex);
    for (int64_t count = 1;; ++count) {
      stopped.wait_for(guard, duration<double>(options.lease_seconds / kBeatsPerLease),
                       [this] { return is_stopping; });
      if (is_stopping) return;
      // Into the file that was made, whatever its name leads to by now: another's is never touched.
      write_at_start(descriptor, content_of(self, options.work, token, count));
    }
  }
};

FileLock::FileLock(std::unique_ptr<State> state) : state_(std::move(state)) {
  // Signals are for the threads that work.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  state_->heart = std::thread([state = state_.get()] { state->beat(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

FileLock::~FileLock() {
  {
    const std::lock_guard guard(state_->mutex);
    state_->is_stopping = true;
  }
  state_->stopped.notify_all();
  state_->heart.join();
  // Not while another is taking it over: then it is no longer ours.
  const bool is_taken = ::flock(state_->descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  if (!is_taken && !is_lost()) ::unlink(state_->file.c_str());
  ::close(state_->descriptor);
}

bool FileLock::is_lost() const { return !is_same_file(state_->file, state_->descriptor); }

void FileLock::throw_if_lost() const {
  if (is_lost())
    throw Error(
        ErrorKind::kIo,
        str_cat("another process took this over: this one did not run for ", state_->options.lease_seconds,
                " s, or its lock ", state_->file.string(), " was removed; nothing more is written"),
        state_->options.place.string());
}

LockAttempt::LockAttempt(fs::path file, LockOptions options)
    : file_(std::move(file)), options_(std::move(options)) {}
LockAttempt::~LockAttempt() = default;

// Looks at another's lock, and notes what can be said about its owner.
bool LockAttempt::is_over(const std::string& content) {
  const double now = monotonic_seconds();
  const bool is_new = content != last_content_;
  const ProcessId before = holder_;
  std::tie(holder_, holder_work_) = parse_holder(content);
  if (is_dead(holder_)) return true;
  const bool moved = is_new && last_content_ && holder_.pid != 0 && holder_ == before;
  holder_is_alive_ = moved || (holder_.pid != 0 && holder_.host_key == this_process().host_key);
  if (is_new) {
    last_content_ = content;
    last_change_ = now;
  }
  return now - last_change_ >= options_.lease_seconds;
}

std::unique_ptr<FileLock> LockAttempt::try_take() {
  constexpr int kLooks = 3;  // the lock may go, or change hands, between two of them
  for (int look = 0; look < kLooks; ++look) {
    const auto held = read_if_there(file_);
    if (held && !is_over(*held)) return nullptr;
    auto state = std::make_unique<FileLock::State>();
    state->file = file_;
    state->options = options_;
    state->self = this_process();
    state->token = random_token();
    Draft draft(file_, content_of(state->self, options_.work, state->token, 0));
    if (!(held ? replace_lock(file_, *held, draft) : draft.link_to(file_))) continue;
    state->descriptor = draft.take();
    return std::unique_ptr<FileLock>(new FileLock(std::move(state)));
  }
  return nullptr;
}

fs::path lock_beside(const fs::path& target) {
  fs::path named = follow_links(target.has_filename() ? target : target.parent_path());
  if (!named.has_filename()) named = named.parent_path();
  return named.parent_path() / ("." + named.filename().string() + ".xlt-lock");
}

std::unique_ptr<FileLock> take_lock(const fs::path& file, const LockOptions& options,
                                    const Context& context) {
  LockAttempt attempt(file, options);
  bool is_told = false;
  while (true) {
    if (auto lock = attempt.try_take()) return lock;
    const std::string holder = describe(attempt.holder(), attempt.holder_work());
    if (attempt.holder_is_alive())
      throw Error(ErrorKind::kUsage,
                  str_cat("is in use by ", holder, "; wait for it, or choose another --output"),
                  options.place.string());
    if (!is_told)
      context.info(str_cat(options.place.string(), ": locked by ", holder,
                           "; watching whether it is still at work, for ", options.lease_seconds,
                           " s at most"));
    is_told = true;
    context.throw_if_interrupted();
    sleep_seconds(std::min(0.5, options.lease_seconds / 20));
  }
}

}  // namespace xlt
