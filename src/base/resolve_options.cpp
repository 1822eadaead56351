// SPDX-License-Identifier: Apache-2.0
#include "xlt/base/resolve_options.h"

#include <algorithm>

#include "xlt/base/error.h"
#include "xlt/base/json.h"
#include "xlt/base/registry.h"

namespace xlt {

namespace {

const OptionGroup* find_group(const std::vector<OptionGroup>& groups, const std::string& id) {
  const auto found =
      std::find_if(groups.begin(), groups.end(), [&](const OptionGroup& group) { return group.id == id; });
  return found == groups.end() ? nullptr : &*found;
}

// Sets one option. A value that does not fit is a usage error on the command line, as a wrong flag is; in a
// file it is bad input.
void set_from_command_line(const VisitFunction& visit, const std::string& name, const std::string& value,
                           const std::string& place) {
  try {
    set_option(visit, name, value);
  } catch (const Error& error) {
    throw Error(error.kind() == ErrorKind::kConfig ? ErrorKind::kUsage : error.kind(), error.message(),
                place);
  }
}

void apply_set(const std::vector<OptionGroup>& groups, const std::string& assignment) {
  const size_t equals = assignment.find('=');
  const std::string place = "--set " + assignment;
  if (equals == std::string::npos)
    throw Error(ErrorKind::kUsage, "expected key=value or section.key=value", place);
  std::string key = assignment.substr(0, equals);
  std::replace(key.begin(), key.end(), '-', '_');
  const std::string value = assignment.substr(equals + 1);
  const size_t dot = key.find('.');
  if (dot == std::string::npos) return set_from_command_line(visit_all(groups), key, value, place);
  const OptionGroup* group = find_group(groups, key.substr(0, dot));
  if (!group) {
    std::vector<std::string> ids;
    for (const auto& one : groups) ids.push_back(one.id);
    throw Error(ErrorKind::kUsage, unknown_name_message("section", key.substr(0, dot), ids), place);
  }
  set_from_command_line(group->visit, key.substr(dot + 1), value, place);
}

}  // namespace

std::string flag_name(const std::string& option) {
  std::string flag = "--" + option;
  std::replace(flag.begin() + 2, flag.end(), '_', '-');
  return flag;
}

VisitFunction visit_all(const std::vector<OptionGroup>& groups) {
  return [groups](OptionVisitor& visitor) {
    for (const auto& group : groups) group.visit(visitor);
  };
}

void read_config(const Json& config, const std::string& where, const std::string& command,
                 const std::vector<OptionGroup>& groups) {
  if (!config.is_object()) throw Error(ErrorKind::kConfig, "must be a JSON object of options", where);
  Json flat = Json::object();
  for (const auto& [key, value] : config.items()) {
    if (key == "command") {
      if (value != command)
        throw Error(
            ErrorKind::kConfig,
            str_cat("is a config of `xlt ", value.is_string() ? value.get<std::string>() : dump_json(value),
                    "`, not of `xlt ", command, "`"),
            where + ": command");
      continue;
    }
    const OptionGroup* group = value.is_object() ? find_group(groups, key) : nullptr;
    if (!group) {
      flat[key] = value;
      continue;
    }
    read_options(group->visit, value, where + ": " + key);
  }
  read_options(visit_all(groups), flat, where);
}

void resolve_options(const std::string& command, const std::vector<OptionGroup>& groups,
                     const GivenOptions& given) {
  if (!given.config_file.empty())
    read_config(load_json(given.config_file, ErrorKind::kConfig, /*allow_comments=*/true), given.config_file,
                command, groups);
  for (const auto& assignment : given.set) apply_set(groups, assignment);
  const VisitFunction visit = visit_all(groups);
  for (const auto& [option, text] : given.flags)
    set_from_command_line(visit, option, text, flag_name(option));
}

void check_required(const std::string& command, const std::vector<std::string>& required,
                    const std::vector<OptionGroup>& groups) {
  const Json values = dump_options(visit_all(groups));
  std::string missing;
  for (const auto& name : required) {
    const Json& value = values.at(name);
    if (value.is_string() ? !value.get_ref<const std::string&>().empty() : !value.empty()) continue;
    missing += (missing.empty() ? "" : ", ") + flag_name(name);
  }
  if (!missing.empty())
    throw Error(ErrorKind::kUsage, missing + " must be given; see `xlt " + command + " --help`",
                "xlt " + command);
}

}  // namespace xlt
