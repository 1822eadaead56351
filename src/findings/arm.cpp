// SPDX-License-Identifier: Apache-2.0
#include "findings/arm.h"

#include <algorithm>
#include <set>

#include "xlt/base/error.h"

namespace xlt {

namespace {

namespace fs = std::filesystem;

struct ArmText {
  std::string name;
  std::vector<std::string> folders;
};

ArmText split_arm(const std::string& text) {
  const size_t equals = text.find('=');
  const bool is_named = equals != std::string::npos && text.find('/') > equals;
  if (!is_named) {
    const std::string name = fs::path(text).lexically_normal().filename().string();
    // "out/base/" ends in no file name; "." and ".." name nothing either.
    const std::string last =
        name.empty() ? fs::path(text).lexically_normal().parent_path().filename().string() : name;
    return {last.empty() || last == "." || last == ".." ? text : last, {text}};
  }
  ArmText arm{text.substr(0, equals), {}};
  for (size_t begin = equals + 1; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    if (end > begin) arm.folders.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  if (arm.name.empty() || arm.folders.empty())
    throw Error(ErrorKind::kUsage,
                "expected DIR or NAME=DIR[,DIR…], where the folders are the seeds of one arm", text);
  return arm;
}

}  // namespace

Arm parse_arm(const std::string& text) {
  const ArmText parsed = split_arm(text);
  Arm arm{parsed.name, {}};
  for (const std::string& folder : parsed.folders) arm.seeds.emplace_back(folder);
  return arm;
}

std::vector<Arm> read_arms(const std::vector<std::string>& texts) {
  if (texts.size() < 2)
    throw Error(
        ErrorKind::kUsage,
        "expected a base and at least one arm to compare it with: xlt compare BASE A [B…] --output DIR");
  std::set<std::string> names, folders;
  std::vector<Arm> arms;
  for (const std::string& text : texts) {
    const ArmText parsed = split_arm(text);
    if (!names.insert(parsed.name).second)
      throw Error(ErrorKind::kUsage, str_cat("two arms are called \"", parsed.name, "\"; name one: NAME=DIR"),
                  text);
    Arm& arm = arms.emplace_back(Arm{parsed.name, {}});
    for (const std::string& folder : parsed.folders) {
      if (!folders.insert(fs::weakly_canonical(folder).string()).second)
        throw Error(ErrorKind::kUsage, "this folder is given twice: a run is no second seed of itself",
                    folder);
      arm.seeds.emplace_back(folder);
    }
  }
  return arms;
}

}  // namespace xlt
