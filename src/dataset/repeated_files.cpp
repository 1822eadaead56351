// SPDX-License-Identifier: Apache-2.0
#include "xlt/dataset/repeated_files.h"

#include <algorithm>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/hash128.h"
#include "xlt/base/json.h"

namespace xlt {

namespace {

std::string hash_of(const std::vector<Row>& rows) {
  std::vector<std::string> hashes;
  for (const Row& row : rows) hashes.push_back(to_hex(hash128(dump_json(row.fields()))));
  std::sort(hashes.begin(), hashes.end());
  std::string all;
  for (const std::string& hash : hashes) all += hash;
  return sha256(all);
}

}  // namespace

void RepeatedFiles::refuse_repeated(const std::filesystem::path& file, const std::vector<Row>& rows) {
  const auto [known, is_new] = by_hash_.try_emplace(hash_of(rows), file);
  if (is_new) return;
  const bool is_same = known->second == file;
  throw Error(ErrorKind::kData,
              str_cat(is_same ? "is given twice" : "holds the same rows as " + known->second.string(),
                      ", so that each of them would count twice; leave one of the two out"),
              file.string());
}

}  // namespace xlt
