// The visitors behind options. SPDX-License-Identifier: Apache-2.0
#include "xlt/base/config.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "xlt/base/error.h"
#include "xlt/base/json.h"
#include "xlt/base/registry.h"

namespace xlt {

namespace {

std::string list_of(const std::vector<std::string>& names) {
  std::string list;
  for (size_t i = 0; i < names.size(); ++i) list += (i ? ", " : "") + names[i];
  return list;
}

std::string fault_of(const OptionCheck& check, double value) {
  return check.number ? check.number(value) : "";
}
std::string fault_of(const OptionCheck& check, const std::string& value) {
  return check.text ? check.text(value) : "";
}

std::vector<std::string> split_list(const std::string& text) {
  std::vector<std::string> items;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    if (end > begin) items.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return items;
}

std::string snake_case(std::string name) {
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

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
    add(name, help, "list", list_of(value), check);
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
    object[name] = value;
  }
  void field(const char* name, std::vector<std::string>& value, const char*, const OptionCheck&) override {
    object[name] = value;
  }
  Json object = Json::object();
};

// Collects faults instead of stopping at the first.
class JsonReader : public OptionVisitor {
 public:
  JsonReader(const Json& object, const std::string& where) : object_(object), where_(where) {}

  void field(const char* name, bool& value, const char*) override {
    if (const Json* json = take(name))
      json->is_boolean() ? void(value = json->get<bool>()) : expected(name, "true or false");
  }
  void field(const char* name, int64_t& value, const char*, const OptionCheck& check) override {
    const Json* json = take(name);
    if (!json) return;
    if (!json->is_number_integer()) return expected(name, "an integer");
    value = json->get<int64_t>();
    fault(name, fault_of(check, static_cast<double>(value)));
  }
  void field(const char* name, double& value, const char*, const OptionCheck& check) override {
    const Json* json = take(name);
    if (!json) return;
    if (!json->is_number()) return expected(name, "a number");
    value = json->get<double>();
    fault(name, fault_of(check, value));
  }
  void field(const char* name, std::string& value, const char*, const OptionCheck& check) override {
    const Json* json = take(name);
    if (!json) return;
    if (!json->is_string()) return expected(name, "a text");
    value = json->get<std::string>();
    fault(name, fault_of(check, value));
  }
  void field(const char* name, std::vector<std::string>& value, const char*,
             const OptionCheck& check) override {
    const Json* json = take(name);
    if (!json) return;
    if (json->is_string()) {
      value = split_list(json->get<std::string>());
    } else if (json->is_array() &&
               std::all_of(json->begin(), json->end(), [](const Json& x) { return x.is_string(); })) {
      value = json->get<std::vector<std::string>>();
    } else {
      return expected(name, "a list of texts");
    }
    for (const std::string& item : value) fault(name, fault_of(check, item));
  }

  void finish() {
    for (const auto& [key, value] : object_.items())
      if (std::find(known_.begin(), known_.end(), key) == known_.end())
        faults_.push_back(where_ + ": " + unknown_option(key));
    if (faults_.empty()) return;
    std::string message = faults_[0];
    for (size_t i = 1; i < faults_.size(); ++i) message += "\n" + faults_[i];
    throw Error(ErrorKind::kConfig, message);
  }

 private:
  const Json* take(const char* name) {
    known_.emplace_back(name);
    const auto found = object_.find(name);
    return found == object_.end() ? nullptr : &*found;
  }
  std::string unknown_option(const std::string& key) const {
    const std::string near = nearest_name(key, known_);
    return near.empty() ? str_cat("unknown option \"", key, "\"")
                        : str_cat("unknown option \"", key, "\"; did you mean \"", near, "\"?");
  }
  void expected(const char* name, const char* what) { fault(name, str_cat("expected ", what)); }
  void fault(const char* name, const std::string& message) {
    if (!message.empty()) faults_.push_back(str_cat(where_, ": ", name, ": ", message));
  }

  const Json& object_;
  std::string where_;
  std::vector<std::string> known_, faults_;
};

class TextSetter : public OptionVisitor {
 public:
  TextSetter(std::string name, std::string value) : name_(std::move(name)), text_(std::move(value)) {}

  void field(const char* name, bool& value, const char*) override {
    if (!is(name)) return;
    if (text_ != "true" && text_ != "false") fail("expected true or false");
    value = text_ == "true";
  }
  void field(const char* name, int64_t& value, const char*, const OptionCheck& check) override {
    if (!is(name)) return;
    size_t used = 0;
    try {
      value = std::stoll(text_, &used);
    } catch (const std::exception&) {
      fail("expected an integer");
    }
    if (used != text_.size()) fail("expected an integer");
    refuse(fault_of(check, static_cast<double>(value)));
  }
  void field(const char* name, double& value, const char*, const OptionCheck& check) override {
    if (!is(name)) return;
    size_t used = 0;
    try {
      value = std::stod(text_, &used);
    } catch (const std::exception&) {
      fail("expected a number");
    }
    if (used != text_.size() || !std::isfinite(value)) fail("expected a number");
    refuse(fault_of(check, value));
  }
  void field(const char* name, std::string& value, const char*, const OptionCheck& check) override {
    if (!is(name)) return;
    value = text_;
    refuse(fault_of(check, value));
  }
  void field(const char* name, std::vector<std::string>& value, const char*,
             const OptionCheck& check) override {
    if (!is(name)) return;
    value = split_list(text_);
    for (const std::string& item : value) refuse(fault_of(check, item));
  }

  bool found = false;
  std::vector<std::string> known;

 private:
  bool is(const char* name) {
    known.emplace_back(name);
    if (name_ != name) return false;
    found = true;
    return true;
  }
  [[noreturn]] void fail(const std::string& message) const {
    throw Error(ErrorKind::kConfig, str_cat(message, ", found \"", text_, "\""), name_);
  }
  void refuse(const std::string& message) const {
    if (!message.empty()) fail(message);
  }

  std::string name_, text_;
};

}  // namespace

OptionCheck at_least(double minimum) {
  return {[=](double value) {
            return value >= minimum ? "" : str_cat("must be at least ", minimum, ", is ", value);
          },
          {},
          str_cat("≥ ", minimum)};
}
OptionCheck more_than(double minimum) {
  return {[=](double value) {
            return value > minimum ? "" : str_cat("must be more than ", minimum, ", is ", value);
          },
          {},
          str_cat("> ", minimum)};
}
OptionCheck between(double low, double high) {
  return {[=](double value) {
            return value >= low && value <= high
                       ? ""
                       : str_cat("must be between ", low, " and ", high, ", is ", value);
          },
          {},
          str_cat(low, " … ", high)};
}
OptionCheck one_of(std::vector<std::string> names) {
  const std::string list = list_of(names);
  return {{},
          [=](const std::string& value) {
            return std::find(names.begin(), names.end(), value) != names.end()
                       ? ""
                       : unknown_name_message("value", value, names);
          },
          list};
}

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

void read_options(const VisitFunction& visit, const Json& object, const std::string& where) {
  if (!object.is_object()) throw Error(ErrorKind::kConfig, "expected an object of options", where);
  JsonReader reader(object, where);
  visit(reader);
  reader.finish();
}

void set_option(const VisitFunction& visit, const std::string& name, const std::string& value) {
  TextSetter setter(snake_case(name), value);
  visit(setter);
  if (!setter.found) throw_unknown_name("option", name, setter.known);
}

}  // namespace xlt
