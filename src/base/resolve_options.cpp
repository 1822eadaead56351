// SPDX-License-Identifier: Apache-2.0
#include "xlt/base/resolve_options.h"

#include <algorithm>
#include <map>

#include "xlt/base/error.h"
#include "xlt/base/join.h"
#include "xlt/base/json.h"
#include "xlt/base/registry.h"

namespace xlt {

namespace {

// The options of all groups that share a section; empty: there is no such section.
VisitFunction find_section(const std::vector<OptionGroup>& groups, const std::string& id) {
  std::vector<OptionGroup> section;
  for (const OptionGroup& group : groups)
    if (group.id == id) section.push_back(group);
  return section.empty() ? VisitFunction() : visit_all(section);
}

// "adapter.lora_r" for "lora.r": an option that is called so in another section, or as both words together,
// or nearly so; empty: none.
std::string path_like(const std::vector<OptionGroup>& groups, const std::string& section,
                      const std::string& option) {
  std::map<std::string, std::string> paths;
  std::vector<std::string> names;
  for (const OptionGroup& group : groups)
    for (const OptionDescription& one : describe_options(group.visit)) {
      paths.emplace(one.name, group.id + "." + one.name);
      names.push_back(one.name);
    }
  const std::string both = section + "_" + option;
  for (const std::string& wanted : {option, both})
    if (const auto found = paths.find(wanted); found != paths.end()) return found->second;
  for (const std::string& wanted : {option, both})
    if (const std::string near = nearest_name(wanted, names); !near.empty()) return paths.at(near);
  return "";
}

std::string unknown_section_message(const std::vector<OptionGroup>& groups, const std::string& section,
                                    const std::string& option) {
  std::vector<std::string> ids;
  for (const OptionGroup& group : groups)
    if (std::find(ids.begin(), ids.end(), group.id) == ids.end()) ids.push_back(group.id);
  const std::string path = path_like(groups, section, option);
  if (path.empty() || !nearest_name(section, ids).empty())
    return unknown_name_message("section", section, ids);
  return str_cat("unknown section \"", section, "\"; did you mean ", path, "? available: ", join(ids));
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
  const std::string name = key.substr(0, dot), option = key.substr(dot + 1);
  const VisitFunction section = find_section(groups, name);
  if (!section) throw Error(ErrorKind::kUsage, unknown_section_message(groups, name, option), place);
  set_from_command_line(section, option, value, place);
}

void refuse_other_command(const Json& object, const std::string& where, const std::string& command) {
  const auto found = object.find("command");
  if (found == object.end() || *found == command) return;
  throw Error(
      ErrorKind::kConfig,
      str_cat("is a config of `xlt ", found->is_string() ? found->get<std::string>() : dump_json(*found),
              "`, not of `xlt ", command, "`"),
      where + ": command");
}

void read_config_file(const std::string& file, const std::string& command,
                      const std::vector<OptionGroup>& groups) {
  const Json json = load_json(file, ErrorKind::kConfig, /*allow_comments=*/true);
  std::string where = file;
  const Json& config = config_in(json, where);
  if (&config != &json) refuse_other_command(json, file, command);
  read_config(config, where, command, groups);
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
  refuse_other_command(config, where, command);
  Json flat = Json::object();
  for (const auto& [key, value] : config.items()) {
    if (key == "command") continue;
    const VisitFunction section = value.is_object() ? find_section(groups, key) : VisitFunction();
    if (section)
      read_options(section, value, where + ": " + key);
    else
      flat[key] = value;
  }
  read_options(visit_all(groups), flat, where);
}

const Json& config_in(const Json& file, std::string& where) {
  if (!file.is_object() || !file.contains("version")) return file;
  const auto config = file.find("config");
  if (config == file.end() || !config->is_object()) return file;
  where += ": config";
  return *config;
}

void resolve_options(const std::string& command, const std::vector<OptionGroup>& groups,
                     const GivenOptions& given) {
  if (!given.config_file.empty()) read_config_file(given.config_file, command, groups);
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
    append_item(missing, flag_name(name));
  }
  if (!missing.empty())
    throw Error(ErrorKind::kUsage, missing + " must be given; see `xlt " + command + " --help`",
                "xlt " + command);
}

}  // namespace xlt
