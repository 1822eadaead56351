// SPDX-License-Identifier: Apache-2.0
#include "base/temporary.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "xlt/base/error.h"
#include "xlt/base/leftovers.h"

namespace xlt {

namespace fs = std::filesystem;

namespace {

// Names may hold 255 bytes; ours add at most 60 to what they stand for.
constexpr size_t kMaxTargetBytes = 180;
constexpr std::string_view kNewMark = ".tmp-", kOldMark = ".old-";

[[noreturn]] void throw_io(const std::string& what, const fs::path& file) {
  throw Error(ErrorKind::kIo, str_cat(what, ": ", std::strerror(errno)), file.string());
}

std::string cut(std::string name) {
  if (name.size() <= kMaxTargetBytes) return name;
  size_t end = kMaxTargetBytes;
  while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xC0) == 0x80) --end;  // whole characters
  return name.substr(0, end);
}

// For mkstemp and mkdtemp, which put something random in place of the X.
std::string pattern_for(const fs::path& target, TemporaryKind kind) {
  const ProcessId self = this_process();
  const auto mark = kind == TemporaryKind::kNew ? kNewMark : kOldMark;
  const std::string name = str_cat(".", cut(target.filename().string()), mark, self.host_key, "-", self.pid,
                                   "-", self.started, "-XXXXXX");
  return (target.parent_path() / name).string();
}

bool is_made_of(std::string_view text, std::string_view characters) {
  return !text.empty() && text.find_first_not_of(characters) == std::string_view::npos;
}

// "HOST-PID-START-RANDOM" → whose it is.
std::optional<ProcessId> parse_owner(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789", kHex = "0123456789abcdef";
  std::array<std::string_view, 4> parts;
  for (size_t i = 0; i < parts.size(); ++i) {
    const size_t end = i + 1 < parts.size() ? text.find('-') : text.size();
    if (end == std::string_view::npos) return std::nullopt;
    parts[i] = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  const auto [host, pid, started, random] = parts;
  if (host.size() != 8 || !is_made_of(host, kHex) || !is_made_of(pid, kDigits) ||
      !is_made_of(started, kDigits) || random.size() != 6)
    return std::nullopt;
  ProcessId owner{"", std::string(host), 0, std::string(started)};
  if (std::from_chars(pid.data(), pid.data() + pid.size(), owner.pid).ec != std::errc()) return std::nullopt;
  return owner;
}

bool is_ours_to_remove(const fs::path& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 && (status.st_uid == ::geteuid() || ::geteuid() == 0);
}

bool is_wanted(const ProcessId& owner, LeftoversOf whose, const ProcessId& self) {
  switch (whose) {
    case LeftoversOf::kDeadProcesses:
      return is_dead(owner);
    case LeftoversOf::kOtherProcesses:
      return !(owner == self);
    case LeftoversOf::kThisProcess:
      return owner == self;
  }
  return false;
}

void remove_leftover(const fs::path& path, const TemporaryName& name) {
  std::error_code ignored;
  const fs::path target = path.parent_path() / name.target;
  if (name.kind == TemporaryKind::kOld && !fs::exists(fs::symlink_status(target, ignored))) {
    if (!name.target_is_cut) fs::rename(path, target, ignored);
    return;
  }
  fs::remove_all(path, ignored);
}

}  // namespace

fs::path follow_links(fs::path path) {
  constexpr int kMostLinks = 40;  // as the kernel has it
  std::error_code code;
  for (int i = 0; i < kMostLinks; ++i) {
    if (!fs::is_symlink(path, code)) return path;
    const fs::path next = fs::read_symlink(path, code);
    if (code) throw Error(ErrorKind::kIo, "cannot read the link: " + code.message(), path.string());
    path = next.is_absolute() ? next : path.parent_path() / next;
  }
  errno = ELOOP;
  throw_io("cannot follow the link", path);
}

TemporaryFile make_temporary_file(const fs::path& target) {
  std::string path = pattern_for(target, TemporaryKind::kNew);
  const int descriptor = ::mkostemp(path.data(), O_CLOEXEC);  // O_EXCL: never an existing file, nor a link
  if (descriptor < 0) throw_io("cannot write", target);
  return {path, descriptor};
}

fs::path make_temporary_folder(const fs::path& target, TemporaryKind kind) {
  std::string path = pattern_for(target, kind);
  if (!::mkdtemp(path.data())) throw_io("cannot create a folder beside it", target);
  return path;
}

mode_t mode_of_new(mode_t all) {
  // umask() itself can only be read by changing it, for every thread.
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("Umask:"))
      return all & ~static_cast<mode_t>(std::strtoul(line.c_str() + std::strlen("Umask:"), nullptr, 8));
  const mode_t mask = ::umask(022);
  ::umask(mask);
  return all & ~mask;
}

void take_mode(int descriptor, const fs::path& target, mode_t all) {
  struct stat before {};
  const bool is_there = ::stat(target.c_str(), &before) == 0;
  // Only its owner and the superuser may give a file away; then it belongs to whoever wrote it last.
  if (is_there && ::fchown(descriptor, before.st_uid, before.st_gid) != 0) errno = 0;
  const mode_t mode = is_there ? before.st_mode & 0777 : mode_of_new(all);
  if (::fchmod(descriptor, mode) != 0) errno = 0;  // file systems without modes
}

std::optional<TemporaryName> parse_temporary_name(const std::string& name) {
  if (!name.starts_with('.')) return std::nullopt;
  for (const auto kind : {TemporaryKind::kNew, TemporaryKind::kOld}) {
    const auto mark = kind == TemporaryKind::kNew ? kNewMark : kOldMark;
    const size_t at = name.rfind(mark);
    if (at == std::string::npos || at < 2) continue;
    const auto owner = parse_owner(std::string_view(name).substr(at + mark.size()));
    if (!owner) continue;
    const std::string target = name.substr(1, at - 1);
    constexpr size_t kCharacterBytes = 4;
    return TemporaryName{kind, target, target.size() + kCharacterBytes > kMaxTargetBytes, *owner};
  }
  return std::nullopt;
}

bool is_leftover_name(const std::string& name) { return parse_temporary_name(name).has_value(); }

void remove_leftovers(const fs::path& folder, LeftoversOf whose) {
  std::error_code code;
  std::vector<std::pair<fs::path, TemporaryName>> found;
  for (fs::directory_iterator entry(folder.empty() ? "." : folder, code), end; !code && entry != end;
       entry.increment(code))
    if (const auto name = parse_temporary_name(entry->path().filename().string()))
      found.emplace_back(entry->path(), *name);
  if (found.empty()) return;
  const ProcessId self = this_process();
  for (const auto& [path, name] : found)
    if (is_ours_to_remove(path) && is_wanted(name.owner, whose, self)) remove_leftover(path, name);
}

}  // namespace xlt
