// SPDX-License-Identifier: Apache-2.0
#include "front/torch_folder.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>

namespace xlt::front {

namespace {

namespace fs = std::filesystem;

std::optional<fs::path> if_it_holds_libtorch(const fs::path& libraries) {
  std::error_code code;
  return fs::exists(libraries / "libtorch_cpu.so", code) ? std::optional(libraries) : std::nullopt;
}

std::string first_line(const fs::path& file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  return line;
}

// Looked for without importing it, which takes seconds.
std::string torch_of_python() {
  constexpr const char* kAsk =
      "python3 -c \"import importlib.util as u; s = u.find_spec('torch'); "
      "print(*(s.submodule_search_locations if s else "
      "[]))\" 2>/dev/null";
  const std::unique_ptr<FILE, int (*)(FILE*)> answer(::popen(kAsk, "r"), ::pclose);
  if (!answer) return {};
  std::string text;
  std::array<char, 4096> block;
  while (std::fgets(block.data(), block.size(), answer.get())) text += block.data();
  return text.substr(0, text.find('\n'));
}

}  // namespace

std::optional<fs::path> find_torch_libraries(const fs::path& package) {
  if (const char* prefix = std::getenv("XLT_TORCH_PREFIX"); prefix && *prefix)
    return if_it_holds_libtorch(fs::path(prefix) / "lib");
  if (const std::string prefix = first_line(package / "torch-prefix"); !prefix.empty())
    return if_it_holds_libtorch(fs::path(prefix) / "lib");
  if (const auto beside = if_it_holds_libtorch(package.parent_path() / "torch" / "lib")) return beside;
  const std::string python = torch_of_python();
  return python.empty() ? std::nullopt : if_it_holds_libtorch(fs::path(python) / "lib");
}

}  // namespace xlt::front
