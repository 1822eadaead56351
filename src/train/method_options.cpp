// SPDX-License-Identifier: Apache-2.0
#include "xlt/train/method_options.h"

#include "train/loss.h"

#include <algorithm>
#include <functional>

#include "xlt/base/error.h"
#include "xlt/base/join.h"
#include "xlt/base/json.h"

namespace xlt {

namespace {

// Hands every field on as one function of (name, value, show), where `show` tells another visitor of the
// field.
template <typename Take>
class EachField : public OptionVisitor {
 public:
  explicit EachField(Take take) : take_(std::move(take)) {}
  void field(const char* name, bool& value, const char* help) override {
    take_(name, value, [&](OptionVisitor& v) { v.field(name, value, help); });
  }
  void field(const char* name, int64_t& value, const char* help, const OptionCheck& check) override {
    take_(name, value, [&](OptionVisitor& v) { v.field(name, value, help, check); });
  }
  void field(const char* name, double& value, const char* help, const OptionCheck& check) override {
    take_(name, value, [&](OptionVisitor& v) { v.field(name, value, help, check); });
  }
  void field(const char* name, std::string& value, const char* help, const OptionCheck& check) override {
    take_(name, value, [&](OptionVisitor& v) { v.field(name, value, help, check); });
  }
  void field(const char* name, std::vector<std::string>& value, const char* help,
             const OptionCheck& check) override {
    take_(name, value, [&](OptionVisitor& v) { v.field(name, value, help, check); });
  }

 private:
  Take take_;
};

template <typename Take>
void each_field(Loss& loss, Take take) {
  EachField<Take> visitor(std::move(take));
  loss.visit(visitor);
}

}  // namespace

MethodOptions::MethodOptions() : losses_(losses()) {}

std::vector<MethodOptions::Known> MethodOptions::known() const {
  std::vector<Known> known;
  for (const Entry<Loss>& entry : losses_)
    each_field(*entry.make(), [&](const char* name, auto& value, const auto&) {
      const auto found =
          std::find_if(known.begin(), known.end(), [&](const Known& one) { return one.name == name; });
      if (found == known.end()) return known.push_back({name, {entry.name}, value});
      XLT_CHECK(found->fallback == OptionValue(value), "option ", name, " of ", entry.name,
                " has another default than that of ", found->methods.front());
      found->methods.emplace_back(entry.name);
    });
  return known;
}

void MethodOptions::visit_some(OptionVisitor& v, const std::vector<std::string>& names) {
  std::vector<std::string> left = names;
  for (const Entry<Loss>& entry : losses_)
    each_field(*entry.make(), [&](const char* name, auto& value, const auto& show) {
      using Value = std::remove_reference_t<decltype(value)>;
      const auto wanted = std::find(left.begin(), left.end(), name);
      if (wanted == left.end()) return;
      left.erase(wanted);
      const Value fallback = value;
      if (const auto set = values_.find(name); set != values_.end()) value = std::get<Value>(set->second);
      show(v);
      if (value == fallback)
        values_.erase(name);
      else
        values_[name] = value;
    });
}

void MethodOptions::visit(OptionVisitor& v) {
  std::vector<std::string> names;
  for (const Known& option : known()) names.push_back(option.name);
  visit_some(v, names);
}

std::vector<MethodOptions::Group> MethodOptions::groups() {
  std::map<std::vector<std::string>, std::vector<std::string>> names_of_methods;
  for (const Known& option : known()) names_of_methods[option.methods].push_back(option.name);
  std::vector<Group> groups;
  for (auto& [methods, names] : names_of_methods)
    groups.push_back({methods, [this, names = names](OptionVisitor& v) { visit_some(v, names); }});
  return groups;
}

void MethodOptions::check(const std::string& method) const {
  for (const Known& option : known()) {
    const bool is_own =
        std::find(option.methods.begin(), option.methods.end(), method) != option.methods.end();
    if (!is_own && values_.contains(option.name))
      throw Error(ErrorKind::kUsage,
                  str_cat("\"", option.name, "\" is an option of ", join(option.methods), ", not of ", method,
                          "; leave it out, or choose another method"));
  }
  check_values(method);
}

// What one loss takes another may not: its own definition has the last word.
void MethodOptions::check_values(const std::string& method) const {
  const auto loss = find_entry(losses_, "method", method).make();
  apply(*loss);
  try {
    read_options(visit_of(*loss), dump_options(visit_of(*loss)), method);
  } catch (const Error& error) {
    throw Error(ErrorKind::kUsage, error.message());
  }
}

void MethodOptions::apply(Loss& loss) const {
  each_field(loss, [&](const char* name, auto& value, const auto&) {
    using Value = std::remove_reference_t<decltype(value)>;
    if (const auto set = values_.find(name); set != values_.end()) value = std::get<Value>(set->second);
  });
}

}  // namespace xlt
