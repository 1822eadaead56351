// SPDX-License-Identifier: Apache-2.0
// Options from a JSON object: every fault is collected, and all are told together.
#include "base/option_values.h"

#include <algorithm>
#include <limits>

#include "xlt/base/config.h"
#include "xlt/base/error.h"
#include "xlt/base/json.h"
#include "xlt/base/option_hint.h"

namespace xlt {

namespace {

bool is_int64(const Json& json) {
  if (json.is_number_unsigned()) return json.get<uint64_t>() <= std::numeric_limits<int64_t>::max();
  return json.is_number_integer();
}

bool is_list_of_texts(const Json& json) {
  return json.is_array() &&
         std::all_of(json.begin(), json.end(), [](const Json& x) { return x.is_string(); });
}

class JsonReader : public OptionVisitor {
 public:
  JsonReader(const Json& object, const std::string& where) : object_(object), where_(where) {}

  void field(const char* name, bool& value, const char*) override {
    const Json* json = take(name);
    if (!json) return;
    if (!json->is_boolean()) return fault(name, "expected true or false");
    value = json->get<bool>();
  }
  void field(const char* name, int64_t& value, const char*, const OptionCheck& check) override {
    const Json* json = take(name);
    if (!json) return;
    if (!is_int64(*json)) return fault(name, "expected an integer");
    value = json->get<int64_t>();
    fault(name, fault_of(check, static_cast<double>(value)));
  }
  void field(const char* name, double& value, const char*, const OptionCheck& check) override {
    const Json* json = take(name);
    if (!json) return;
    if (!json->is_number()) return fault(name, "expected a number");
    value = json->get<double>();
    fault(name, fault_of(check, value));
  }
  void field(const char* name, std::string& value, const char*, const OptionCheck& check) override {
    const Json* json = take(name);
    if (!json) return;
    if (!json->is_string()) return fault(name, "expected a text");
    value = json->get<std::string>();
    fault(name, fault_of(check, value));
  }
  void field(const char* name, std::vector<std::string>& value, const char*,
             const OptionCheck& check) override {
    const Json* json = take(name);
    if (!json) return;
    if (!json->is_string() && !is_list_of_texts(*json)) return fault(name, "expected a list of texts");
    value = json->is_string() ? split_list(json->get<std::string>()) : json->get<std::vector<std::string>>();
    for (size_t i = 0; i < value.size(); ++i) fault(str_cat(name, "[", i, "]"), fault_of(check, value[i]));
  }

  // Adds the keys that no field took, and throws if there was any fault.
  void finish() {
    for (const auto& [key, value] : object_.items())
      if (std::find(known_.begin(), known_.end(), key) == known_.end()) fault(key, unknown_option(key));
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
    const std::string hint = option_hint(key, known_);
    return hint.empty() ? "unknown option" : "unknown option; " + hint;
  }
  void fault(const std::string& path, const std::string& message) {
    if (!message.empty()) faults_.push_back(str_cat(where_, ": ", path, ": ", message));
  }

  const Json& object_;
  const std::string& where_;
  std::vector<std::string> known_, faults_;
};

}  // namespace

void read_options(const VisitFunction& visit, const Json& object, const std::string& where) {
  if (!object.is_object()) throw Error(ErrorKind::kConfig, "expected an object of options", where);
  JsonReader reader(object, where);
  visit(reader);
  reader.finish();
}

}  // namespace xlt
