// SPDX-License-Identifier: Apache-2.0
// JSON with errors that name the file and the place. The only header that includes the JSON library.
//
//   Json config = load_json("model/config.json");
//   JsonView view(config, "model/config.json", ErrorKind::kCheckpoint);
//   int64_t hidden = view.at("hidden_size").as_int();     // throws "model/config.json: hidden_size: …"
//   double theta = view.get("rope_theta", 10000.0);       // default where absent or null
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "xlt/base/error.h"
#include "xlt/base/json_fwd.h"

namespace xlt {

// Parses strictly (duplicate keys, trailing text and invalid UTF-8 are errors); `allow_comments` accepts //
// and /* */. Throws `kind` with `where` and the line and column of the fault.
Json parse_json(std::string_view text, const std::string& where, ErrorKind kind = ErrorKind::kData,
                bool allow_comments = false);
// Reads and parses a whole file; throws kIo if it cannot be opened, `kind` if it is malformed.
Json load_json(const std::filesystem::path& file, ErrorKind kind = ErrorKind::kData,
               bool allow_comments = false);
// Compact, UTF-8; invalid UTF-8 is replaced by U+FFFD. NaN and infinities become null.
std::string dump_json(const Json& json, int indent = -1);

// A JSON value together with where it stands. Cheap to copy; does not own the value.
class JsonView {
 public:
  JsonView(const Json& value, std::string where, ErrorKind kind = ErrorKind::kData, std::string path = {});

  const Json& value() const { return *value_; }
  // "file: a.b[2]"
  std::string place() const;
  [[noreturn]] void fail(const std::string& message) const;

  bool has(std::string_view key) const;  // present and not null
  JsonView at(std::string_view key) const;
  JsonView at(size_t index) const;
  size_t size() const;                    // of an array; throws otherwise
  std::vector<std::string> keys() const;  // of an object; throws otherwise

  int64_t as_int() const;
  double as_double() const;  // integers are accepted
  bool as_bool() const;
  std::string as_string() const;
  std::vector<std::string> as_strings() const;
  std::vector<int64_t> as_ints() const;

  int64_t get(std::string_view key, int64_t fallback) const;
  int64_t get(std::string_view key, int fallback) const { return get(key, static_cast<int64_t>(fallback)); }
  double get(std::string_view key, double fallback) const;
  bool get(std::string_view key, bool fallback) const;
  std::string get(std::string_view key, const char* fallback) const;

 private:
  const Json* value_;
  std::string where_, path_;
  ErrorKind kind_;
};

}  // namespace xlt
