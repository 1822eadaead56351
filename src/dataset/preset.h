// SPDX-License-Identifier: Apache-2.0
// A published data set's fields and filters. One file and one row of presets.def each.
#pragma once

#include <memory>
#include <optional>

#include "xlt/base/registry.h"
#include "xlt/dataset/reader.h"
#include "xlt/dataset/record.h"

namespace xlt {

class Preset {
 public:
  virtual ~Preset() = default;
  // What to get and from where; for `xlt ls presets` and for the error about a missing file.
  virtual const char* source() const = 0;
  virtual const char* fields() const = 0;  // that it reads, in words
  // Whether the row has the fields that it reads.
  virtual bool reads(const Row& row) const = 0;
  // Nothing for a row that the recipe leaves out.
  virtual std::optional<SftRecord> sft(const Row& row, const DataFields& fields) const = 0;
  virtual std::optional<PreferenceRecord> preference(
      const Row& row) const;  // throws kUsage: not preference data
};

// A preference data set; as SFT data it is prompt, space, chosen (protocol, section 1.3), or as
// DataFields::pair_separator says.
class PreferencePreset : public Preset {
 public:
  std::optional<SftRecord> sft(const Row& row, const DataFields& fields) const override;
};

#define XLT_ROWS "dataset/presets.def"
#define XLT_THING Preset
#define XLT_MAKER preset
#define XLT_LIST presets
#include "xlt/base/expand_table.h"

}  // namespace xlt
