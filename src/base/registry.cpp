// SPDX-License-Identifier: Apache-2.0
// Nearest names.
#include "xlt/base/registry.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <numeric>

#include "xlt/base/error.h"
#include "xlt/base/join.h"

namespace xlt {

namespace {

// Case, and `-` for `_`, are no difference when somebody looks for a name.
std::string folded(std::string_view name) {
  std::string text(name);
  for (char& c : text) c = c == '-' ? '_' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

// Edits (insert, delete, replace, swap of neighbours) from a to b.
int64_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<int64_t>> rows(a.size() + 1, std::vector<int64_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) rows[i][0] = static_cast<int64_t>(i);
  std::iota(rows[0].begin(), rows[0].end(), 0);
  for (size_t i = 1; i <= a.size(); ++i)
    for (size_t j = 1; j <= b.size(); ++j) {
      rows[i][j] =
          std::min({rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        rows[i][j] = std::min(rows[i][j], rows[i - 2][j - 2] + 1);
    }
  return rows[a.size()][b.size()];
}

}  // namespace

std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates) {
  // Names from a stranger's file may be megabytes long, and comparing two costs the product of their lengths.
  constexpr size_t kLongestName = 256;
  std::string best;
  if (name.size() > kLongestName) return best;
  const auto length = static_cast<int64_t>(name.size());
  int64_t best_distance = length / 3 + 1;  // one more than is near
  for (const std::string& candidate : candidates) {
    if (std::abs(static_cast<int64_t>(candidate.size()) - length) >= best_distance) continue;
    const int64_t distance = edit_distance(folded(name), folded(candidate));
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

std::string unknown_name_message(std::string_view kind, std::string_view name,
                                 const std::vector<std::string>& candidates) {
  std::string message = str_cat("unknown ", kind, " \"", name, "\"");
  if (const std::string near = nearest_name(name, candidates); !near.empty())
    message += str_cat("; did you mean \"", near, "\"?");
  if (candidates.empty()) return message;
  message += message.back() == '?' ? " available: " : "; available: ";
  return message + join(candidates);
}

void throw_unknown_name(std::string_view kind, std::string_view name,
                        const std::vector<std::string>& candidates) {
  throw Error(ErrorKind::kUsage, unknown_name_message(kind, name, candidates));
}

}  // namespace xlt
