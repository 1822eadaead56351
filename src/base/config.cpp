// SPDX-License-Identifier: Apache-2.0
// Describes and dumps options.
#include "xlt/base/config.h"

#include "xlt/base/error.h"
#include "xlt/base/join.h"
#include "xlt/base/json.h"
#include "xlt/base/utf8.h"

namespace xlt {

namespace {

class Describer : public OptionVisitor {
 public:
  void field(const char* name, bool& value, const char* help) override {
    add(name, help, "bool", value ? "true" : "false", {});
  }
  void field(const char* name, int64_t& value, const char* help, const OptionCheck& check) override {
    add(name, help, "int", str_cat(value), check);
  }
  void field(const char* name, double& value, const char* help, const OptionCheck& check) override {
    add(name, help, "number", str_cat(value), check);
  }
  void field(const char* name, std::string& value, const char* help, const OptionCheck& check) override {
    add(name, help, "text", value, check);
  }
  void field(const char* name, std::vector<std::string>& value, const char* help,
             const OptionCheck& check) override {
    add(name, help, "list", join(value), check);
  }
  std::vector<OptionDescription> descriptions;

 private:
  void add(const char* name, const char* help, const char* type, std::string value,
           const OptionCheck& check) {
    descriptions.push_back({name, help, type, std::move(value), check.describe});
  }
};

class Dumper : public OptionVisitor {
 public:
  void field(const char* name, bool& value, const char*) override { object[name] = value; }
  void field(const char* name, int64_t& value, const char*, const OptionCheck&) override {
    object[name] = value;
  }
  void field(const char* name, double& value, const char*, const OptionCheck&) override {
    object[name] = value;
  }
  void field(const char* name, std::string& value, const char*, const OptionCheck&) override {
    object[name] = escape_invalid_utf8(value);  // most texts are paths
  }
  void field(const char* name, std::vector<std::string>& value, const char*, const OptionCheck&) override {
    object[name] = Json::array();
    for (const std::string& text : value) object[name].push_back(escape_invalid_utf8(text));
  }
  Json object = Json::object();
};

}  // namespace

std::vector<OptionDescription> describe_options(const VisitFunction& visit) {
  Describer describer;
  visit(describer);
  return describer.descriptions;
}

Json dump_options(const VisitFunction& visit) {
  Dumper dumper;
  visit(dumper);
  return dumper.object;
}

}  // namespace xlt
