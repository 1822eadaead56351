// SPDX-License-Identifier: Apache-2.0
// Models by their name on the Hugging Face hub, where the hub's own tools have put them:
// HUB/models--ORG--NAME with refs/REVISION (a commit) and snapshots/COMMIT (links to blobs).
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace xlt {

struct HubName {
  std::string repository, revision;  // "org/name"; empty: main
};
// "org/name" or "org/name@revision"; nothing for what cannot be one.
std::optional<HubName> parse_hub_name(const std::string& model);
// "hf download org/name --revision r", which fetches it into the cache.
std::string hub_download_command(const HubName& name);
// The same for a message; where this repository's script is at hand (scripts/fetch_models.sh, which fetches
// no more than is read) that first.
std::string how_to_fetch(const HubName& name);

// `model` as it is where there is such a path; else, where it is the name of a model that the cache holds,
// the folder of its snapshot; else `model` as it is, and open_model_source says what is wrong. Reads no
// environment. Thread-safe.
std::filesystem::path find_model(const std::string& model, const std::filesystem::path& hub_cache);

}  // namespace xlt
