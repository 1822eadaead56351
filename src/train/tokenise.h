// SPDX-License-Identifier: Apache-2.0
// Records → tokens and labels, by TRL's rules.
#pragma once

#include "train/train_row.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "xlt/dataset/record.h"
#include "xlt/text/tokenizer.h"

namespace xlt {

enum class PairTokenization {
  kTrl1,   // TRL 1.16: both sides' completions begin where prompt and prompt + answer first differ
  kTrl08,  // TRL 0.8.6, the paper's (protocol 1.3): one token of boundary merge, prompts cut only where a
           // pair is too long
};
PairTokenization parse_pair_tokenization(const std::string& name);  // throws kUsage

// What becomes of a text of more than `max_length` tokens.
enum class LongTexts {
  kCut,    // it loses its end
  kSplit,  // its tokens go on in further rows, each with the tokenizer's own special tokens, as transformers'
           // `return_overflowing_tokens` with stride 0 makes them (protocol 1.3)
};
LongTexts parse_long_texts(const std::string& name);  // throws kUsage

struct TokeniseOptions {
  int64_t max_length = 1024;
  int64_t max_prompt_length = 0;  // 0: off with kTrl1; TRL 0.8's 128 with kTrl08
  bool append_eos = true;
  PairTokenization pairs = PairTokenization::kTrl1;
  LongTexts long_texts = LongTexts::kCut;  // of SFT records
  // Of SFT records: rows are filled up to `max_length` with this token, before the text, which then attends
  // to it; its first token is a label, too (quirk T4).
  std::optional<int64_t> left_pad = {};
};

// Records that are left without a label because the prompt alone fills `max_length` are dropped and counted.
// A record that is split makes several rows, in order, whose places say which part they are: "texts.jsonl:17,
// part 2 of 3".
struct TokenisedData {
  std::vector<TrainRow> rows;
  int64_t num_dropped = 0;
  int64_t num_split = 0;  // records that made more than one row
};
// Throws kCheckpoint if EOS is to be appended and the tokenizer has none, kUsage where rows are to be split
// and `max_length` leaves no room beside the tokenizer's special tokens.
TokenisedData tokenise(const std::vector<SftRecord>& records, const Tokenizer& tokenizer,
                       const TokeniseOptions& options);
TokenisedData tokenise(const std::vector<PreferenceRecord>& records, const Tokenizer& tokenizer,
                       const TokeniseOptions& options);
// As prompt-completion rows are.
TokenisedData tokenise(const std::vector<LabelledRecord>& records, const Tokenizer& tokenizer,
                       const TokeniseOptions& options);
// Of the kind that is there.
TokenisedData tokenise(const Records& records, const Tokenizer& tokenizer, const TokeniseOptions& options);

// Gives each row a second sequence: its own context with the labels of the row before it among `group_size`
// rows, the first taking the last's, as TRL's KTOTrainer does; cut to `max_length`. The last group may be
// smaller.
void add_mismatched(std::vector<TrainRow>& rows, int64_t group_size, int64_t max_length);
// Gives each pair a third sequence: the context of its chosen side, as labels.
void add_prompts(std::vector<TrainRow>& rows);

}  // namespace xlt
