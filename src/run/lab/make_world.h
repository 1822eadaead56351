// SPDX-License-Identifier: Apache-2.0
// The files of one world, before anything is trained.
#pragma once

#include "run/lab/lab_design.h"

#include <filesystem>

#include "xlt/base/context.h"

namespace xlt {

// Makes `folder` (world.json, corpus.jsonl, tokenizer/, data/, …, measured.json) unless it is there. What it
// holds follows from the design and the seed alone. measured.json: {"corpus": {"documents", "words",
// "seconds"}, "languages": {tag: {"fertility" (tokens a word, on the stories of udhr), "overlap",
// "entropy_bits_per_byte"}}}.
void make_world(const LabDesign& design, int64_t seed, const std::filesystem::path& folder,
                const Context& context);

}  // namespace xlt
