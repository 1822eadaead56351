// SPDX-License-Identifier: Apache-2.0
// One row of the user's own fields, texts or messages → its training record. All throw kData, naming what the
// row lacks.
#pragma once

#include <optional>

#include "xlt/dataset/reader.h"
#include "xlt/dataset/record.h"

namespace xlt {

// Has a chosen and a rejected answer.
bool is_pair(const Row& row, const DataFields& fields);

std::optional<PreferenceRecord> preference_record(const Row& row, const DataFields& fields,
                                                  const MessagesRenderer& render);
std::optional<SftRecord> sft_record(const Row& row, const DataFields& fields, const MessagesRenderer& render);
LabelledRecord labelled_record(const Row& row, const DataFields& fields, const MessagesRenderer& render);

}  // namespace xlt
