// SPDX-License-Identifier: Apache-2.0
// What a training run looks at besides its loss: languages to monitor, prompts to sample from.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "xlt/base/context.h"
#include "xlt/base/json_fwd.h"
#include "xlt/base/placement.h"
#include "xlt/run/train_run.h"

namespace xlt {

class Decoder;
class Tokenizer;

// LANG=FILE[,FILE…] of each item, several in one text allowed: {"de": "a.txt,b.tsv"}. Throws kUsage for a
// file of no language.
std::map<std::string, std::string> monitor_files(const std::vector<std::string>& monitor);
// Their texts.
std::map<std::string, std::vector<std::string>> monitored_texts(const TrainRunOptions& options);
// The files of both, for run.json.
std::vector<std::filesystem::path> watched_files(const TrainRunOptions& options);
// What is wrong with options that go together; throws kUsage.
void check_watch(const WatchOptions& watch);

// For TrainJob::probe: samples a few completions of each prompt from the decoder as it is, has every scorer
// judge them, adds means to the row ("probe") and writes the completions to RUN/probe/step-N.jsonl. Borrows
// decoder and tokenizer. Empty where no prompts are given. Throws as the readers of prompts and scorers do.
std::function<void(int64_t, Json&)> make_probe(const TrainRunOptions& options, Decoder& decoder,
                                               const Tokenizer& tokenizer, const Placement& where,
                                               uint64_t seed, const Context& context);

}  // namespace xlt
