// SPDX-License-Identifier: Apache-2.0
// Rows of messages → training records, as TRL's conversational formats have them. Nothing where a row holds
// texts.
#pragma once

#include <optional>

#include "xlt/dataset/reader.h"
#include "xlt/dataset/record.h"

namespace xlt {

// {"messages"}, or {"prompt", "completion"} whose fields are lists of messages.
std::optional<SftRecord> conversation_sft(const Row& row, const DataFields& fields,
                                          const MessagesRenderer& render);
// {"prompt", "chosen", "rejected"}, lists of messages all; without a prompt, or where it is a text, it is
// what both sides begin with.
std::optional<PreferenceRecord> conversation_preference(const Row& row, const DataFields& fields,
                                                        const MessagesRenderer& render);
// {"prompt", "completion", "label"}; the label is left to the caller.
std::optional<LabelledRecord> conversation_labelled(const Row& row, const DataFields& fields,
                                                    const MessagesRenderer& render);

}  // namespace xlt
