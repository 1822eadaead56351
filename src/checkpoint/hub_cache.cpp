// SPDX-License-Identifier: Apache-2.0
#include "xlt/checkpoint/hub_cache.h"

#include <algorithm>
#include <cctype>
#include <vector>

#include "xlt/base/error.h"
#include "xlt/base/file.h"

namespace xlt {

namespace {

bool is_in_names(unsigned char c) { return std::isalnum(c) || c == '-' || c == '_' || c == '.'; }

bool is_part(const std::string& part) {
  return !part.empty() && part.front() != '.' && std::all_of(part.begin(), part.end(), is_in_names);
}

std::string trimmed(std::string text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.pop_back();
  return text;
}

// The commit that a branch or tag stands for.
std::optional<std::string> commit_of(const fs::path& entry, const std::string& revision) {
  std::error_code code;
  const fs::path reference = entry / "refs" / revision;
  if (!fs::is_regular_file(reference, code)) return std::nullopt;
  const std::string commit = trimmed(read_file(reference));
  return is_part(commit) ? std::optional(commit) : std::nullopt;
}

// Without a reference to main the only snapshot will do.
std::optional<fs::path> only_snapshot(const fs::path& snapshots) {
  std::vector<fs::path> found;
  std::error_code code;
  for (const auto& entry : fs::directory_iterator(snapshots, code))
    if (entry.is_directory(code)) found.push_back(entry.path());
  return found.size() == 1 ? std::optional(found.front()) : std::nullopt;
}

}  // namespace

std::optional<HubName> parse_hub_name(const std::string& model) {
  const size_t slash = model.find('/'), at = model.find('@');
  if (slash == std::string::npos) return std::nullopt;
  HubName name{model.substr(0, at), at == std::string::npos ? "" : model.substr(at + 1)};
  if (slash > name.repository.size()) return std::nullopt;
  if (!is_part(name.repository.substr(0, slash)) || !is_part(name.repository.substr(slash + 1)))
    return std::nullopt;
  const auto is_in_revisions = [](unsigned char c) { return is_in_names(c) || c == '/'; };
  const bool is_plain = std::all_of(name.revision.begin(), name.revision.end(), is_in_revisions);
  if (!is_plain || name.revision.find("..") != std::string::npos || name.revision.starts_with('/'))
    return std::nullopt;
  if (at != std::string::npos && name.revision.empty()) return std::nullopt;
  return name;
}

std::string hub_download_command(const HubName& name) {
  return str_cat("hf download ", name.repository,
                 name.revision.empty() ? "" : str_cat(" --revision ", name.revision));
}

std::string how_to_fetch(const HubName& name) {
  constexpr const char* kScript = "scripts/fetch_models.sh";
  std::error_code code;
  if (!fs::is_regular_file(kScript, code)) return hub_download_command(name);
  return str_cat(kScript, " ", name.repository, name.revision.empty() ? "" : "@" + name.revision, " (or ",
                 hub_download_command(name), ")");
}

fs::path find_model(const std::string& model, const fs::path& hub_cache) {
  std::error_code code;
  if (fs::exists(model, code) || hub_cache.empty()) return model;
  const auto name = parse_hub_name(model);
  if (!name) return model;
  std::string folder = "models--" + name->repository;
  folder.replace(folder.find('/'), 1, "--");
  const fs::path entry = hub_cache / folder, snapshots = entry / "snapshots";
  const std::string revision = name->revision.empty() ? "main" : name->revision;
  const std::string commit = commit_of(entry, revision).value_or(revision);
  if (fs::is_directory(snapshots / commit, code)) return snapshots / commit;
  if (name->revision.empty())
    if (const auto only = only_snapshot(snapshots)) return *only;
  return model;
}

}  // namespace xlt
