// SPDX-License-Identifier: Apache-2.0
// Views that know their place, and writing.
#include "xlt/base/json.h"

#include <limits>

#include "xlt/base/registry.h"

namespace xlt {

namespace {

const char* type_of(const Json& value) {
  switch (value.type()) {
    case Json::value_t::null:
      return "null";
    case Json::value_t::boolean:
      return "a boolean";
    case Json::value_t::string:
      return "a string";
    case Json::value_t::array:
      return "an array";
    case Json::value_t::object:
      return "an object";
    default:
      return "a number";
  }
}

}  // namespace

std::string dump_json(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

JsonView::JsonView(const Json& value, std::string where, ErrorKind kind, std::string path)
    : value_(&value), where_(std::move(where)), path_(std::move(path)), kind_(kind) {}

std::string JsonView::place() const { return path_.empty() ? where_ : where_ + ": " + path_; }
void JsonView::fail(const std::string& message) const { throw Error(kind_, message, place()); }

bool JsonView::has(std::string_view key) const {
  if (!value_->is_object()) return false;
  const auto found = value_->find(std::string(key));
  return found != value_->end() && !found->is_null();
}

JsonView JsonView::at(std::string_view key) const {
  if (!value_->is_object()) fail(str_cat("expected an object, found ", type_of(*value_)));
  const std::string path = path_.empty() ? std::string(key) : path_ + "." + std::string(key);
  const auto found = value_->find(std::string(key));
  if (found != value_->end() && found->is_null())
    throw Error(kind_, "is null; a value is needed", where_ + ": " + path);
  if (found == value_->end()) {
    const std::string near = nearest_name(key, keys());
    throw Error(kind_, near.empty() ? "missing" : str_cat("missing; did you mean \"", near, "\"?"),
                where_ + ": " + path);
  }
  return {*found, where_, kind_, path};
}

JsonView JsonView::at(size_t index) const {
  if (index >= size()) fail(str_cat("has no element ", index));
  return {(*value_)[index], where_, kind_, str_cat(path_, "[", index, "]")};
}

size_t JsonView::size() const {
  if (!value_->is_array()) fail(str_cat("expected an array, found ", type_of(*value_)));
  return value_->size();
}

std::vector<std::string> JsonView::keys() const {
  if (!value_->is_object()) fail(str_cat("expected an object, found ", type_of(*value_)));
  std::vector<std::string> keys;
  for (const auto& [key, value] : value_->items()) keys.push_back(key);
  return keys;
}

int64_t JsonView::as_int() const {
  if (!value_->is_number_integer()) fail(str_cat("expected an integer, found ", type_of(*value_)));
  if (value_->is_number_unsigned() && value_->get<uint64_t>() > std::numeric_limits<int64_t>::max())
    fail(str_cat("expected an integer below 2^63, found ", value_->get<uint64_t>()));
  return value_->get<int64_t>();
}
double JsonView::as_double() const {
  if (!value_->is_number()) fail(str_cat("expected a number, found ", type_of(*value_)));
  return value_->get<double>();
}
bool JsonView::as_bool() const {
  if (!value_->is_boolean()) fail(str_cat("expected true or false, found ", type_of(*value_)));
  return value_->get<bool>();
}
std::string JsonView::as_string() const {
  if (!value_->is_string()) fail(str_cat("expected a string, found ", type_of(*value_)));
  return value_->get<std::string>();
}
std::vector<std::string> JsonView::as_strings() const {
  std::vector<std::string> values;
  for (size_t i = 0; i < size(); ++i) values.push_back(at(i).as_string());
  return values;
}
std::vector<int64_t> JsonView::as_ints() const {
  std::vector<int64_t> values;
  for (size_t i = 0; i < size(); ++i) values.push_back(at(i).as_int());
  return values;
}

int64_t JsonView::get(std::string_view key, int64_t fallback) const {
  return has(key) ? at(key).as_int() : fallback;
}
double JsonView::get(std::string_view key, double fallback) const {
  return has(key) ? at(key).as_double() : fallback;
}
bool JsonView::get(std::string_view key, bool fallback) const {
  return has(key) ? at(key).as_bool() : fallback;
}
std::string JsonView::get(std::string_view key, const char* fallback) const {
  return has(key) ? at(key).as_string() : std::string(fallback);
}

}  // namespace xlt
