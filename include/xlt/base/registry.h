// SPDX-License-Identifier: Apache-2.0
// Tables of named things (families, losses, benchmarks, scorers …), expanded from sorted `things.def` rows
// `X(name)`.
//
//   constexpr Entry<Loss> kLosses[] = {{"dpo", "direct preference optimisation", make_dpo}, …};
//   auto loss = find_entry<Loss>(kLosses, "loss", "dop").make();   // throws: unknown loss "dop"; did you mean …
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace xlt {

template <typename Thing>
struct Entry {
  const char* name;
  std::unique_ptr<Thing> (*make)();
};

// The candidate nearest to `name` by edit distance, or empty when none is near (more than a third of it would
// change).
std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates);
// `unknown loss "dop"; did you mean "dpo"? available: dpo, sft`
std::string unknown_name_message(std::string_view kind, std::string_view name,
                                 const std::vector<std::string>& candidates);
[[noreturn]] void throw_unknown_name(std::string_view kind, std::string_view name,
                                     const std::vector<std::string>& candidates);  // kUsage

template <typename Thing>
std::vector<std::string> names_of(std::span<const Entry<Thing>> table) {
  std::vector<std::string> names;
  for (const auto& entry : table) names.emplace_back(entry.name);
  return names;
}

template <typename Thing>
const Entry<Thing>& find_entry(std::span<const Entry<Thing>> table, std::string_view kind,
                               std::string_view name) {
  for (const auto& entry : table)
    if (name == entry.name) return entry;
  throw_unknown_name(kind, name, names_of(table));
}

}  // namespace xlt
