// SPDX-License-Identifier: Apache-2.0
#include "cli/hub_names.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string_view>

#include "xlt/checkpoint/hub_cache.h"

namespace xlt::cli {

namespace {

// Options whose value is a model or what stands in a model's folder.
constexpr std::string_view kModelOptions[] = {"base", "fluency_model", "model", "tokenizer"};

std::filesystem::path variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? std::filesystem::path(value) : std::filesystem::path();
}

// As the hub's own tools look for it.
std::filesystem::path hub_cache() {
  if (const auto folder = variable("HF_HUB_CACHE"); !folder.empty()) return folder;
  if (const auto folder = variable("HF_HOME"); !folder.empty()) return folder / "hub";
  if (const auto folder = variable("XDG_CACHE_HOME"); !folder.empty()) return folder / "huggingface" / "hub";
  const auto home = variable("HOME");
  return home.empty() ? home : home / ".cache" / "huggingface" / "hub";
}

class HubNames : public OptionVisitor {
 public:
  void field(const char*, bool&, const char*) override {}
  void field(const char*, int64_t&, const char*, const OptionCheck&) override {}
  void field(const char*, double&, const char*, const OptionCheck&) override {}
  void field(const char* name, std::string& value, const char*, const OptionCheck&) override {
    const bool is_model =
        std::find(std::begin(kModelOptions), std::end(kModelOptions), name) != std::end(kModelOptions);
    if (is_model && !value.empty()) value = find_model(value, cache_).string();
  }
  void field(const char*, std::vector<std::string>&, const char*, const OptionCheck&) override {}

 private:
  const std::filesystem::path cache_ = hub_cache();
};

}  // namespace

void resolve_hub_names(const VisitFunction& visit) {
  HubNames names;
  visit(names);
}

}  // namespace xlt::cli
