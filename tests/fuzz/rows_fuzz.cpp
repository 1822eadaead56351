// SPDX-License-Identifier: Apache-2.0
// Data files: the first byte chooses the format.
#include "fuzz/fuzzing.h"

#include "xlt/dataset/reader.h"

XLT_FUZZ {
  if (input.empty()) return;
  static constexpr const char* kNames[] = {"rows.jsonl", "rows.json", "rows.csv", "rows.tsv", "rows.txt"};
  const auto which = static_cast<uint8_t>(input[0]) % 6;
  input.remove_prefix(1);
  const auto file = xlt::fuzzing::write(which < 5 ? kNames[which] : "plain.tsv", input);
  const auto rows = which < 5 ? xlt::read_rows(file) : xlt::read_tsv_without_header(file);
  for (const xlt::Row& row : rows) row.text_if_present("text");
}
