// SPDX-License-Identifier: Apache-2.0
#include "xlt/base/error.h"
#include "xlt/base/join.h"
#include "xlt/base/json.h"
#include "xlt/base/registry.h"  // nearest_name
#include "xlt/dataset/reader.h"

namespace xlt {

Row::Row(Json fields, std::string place)
    : fields_(std::make_unique<Json>(std::move(fields))), place_(std::move(place)) {}
Row::Row(const Row& other) : fields_(std::make_unique<Json>(*other.fields_)), place_(other.place_) {}
Row::Row(Row&&) noexcept = default;
Row& Row::operator=(const Row& other) {
  fields_ = std::make_unique<Json>(*other.fields_);
  place_ = other.place_;
  return *this;
}
Row& Row::operator=(Row&&) noexcept = default;
Row::~Row() = default;

bool Row::has(std::string_view field) const { return JsonView(*fields_, place_).has(field); }

std::optional<std::string> Row::text_if_present(std::string_view field) const {
  if (!has(field)) return std::nullopt;
  return JsonView(*fields_, place_).at(field).as_string();
}

std::string Row::text(std::string_view field) const {
  if (auto text = text_if_present(field)) return *text;
  if (fields_->is_object() && fields_->contains(std::string(field)))
    throw Error(ErrorKind::kData, str_cat("field \"", field, "\" is null; expected a text"), place_);
  std::string message = str_cat("has no field \"", field, "\"");
  const auto keys = JsonView(*fields_, place_).keys();
  const std::string near = nearest_name(field, keys);
  if (!near.empty()) message += str_cat("; did you mean \"", near, "\"?");
  if (!keys.empty()) message += (near.empty() ? "; it has " : " it has ") + join(keys);
  throw Error(ErrorKind::kData, message, place_);
}

const char* prompt_field(const Row& row) { return row.fields().contains("Prompt") ? "Prompt" : "prompt"; }

}  // namespace xlt
