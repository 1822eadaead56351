// SPDX-License-Identifier: Apache-2.0
#include "train/tokenise.h"

#include "train/tokenise_trl_0_8.h"

#include "xlt/base/error.h"
#include "xlt/base/registry.h"

namespace xlt {

namespace {

using Ids = std::vector<int64_t>;

int64_t common_prefix(const Ids& a, const Ids& b) {
  const size_t limit = std::min(a.size(), b.size());
  size_t length = 0;
  while (length < limit && a[length] == b[length]) ++length;
  return static_cast<int64_t>(length);
}

// TRL appends the EOS *string* before tokenizing, so EOS comes before whatever the tokenizer itself adds at
// the end.
Ids encode_with_eos(const Tokenizer& tokenizer, const std::string& text, const TokeniseOptions& options) {
  Ids ids = tokenizer.encode(text, SpecialTokens::kAdd);
  if (!options.append_eos) return ids;
  const Ids suffix = tokenizer.suffix_ids();
  ids.resize(ids.size() - std::min(suffix.size(), ids.size()));
  if (ids.empty() || ids.back() != *tokenizer.eos_id()) ids.push_back(*tokenizer.eos_id());
  ids.insert(ids.end(), suffix.begin(), suffix.end());
  return ids;
}

void cut_end(TrainSequence& sequence, int64_t max_length) {
  if (sequence.length() > max_length) sequence.ids.resize(max_length);
}

// Keeps the last `max_prompt_length` tokens of the context; 0: all.
void cut_prompt(TrainSequence& sequence, int64_t max_prompt_length) {
  const int64_t excess = sequence.num_context - max_prompt_length;
  if (max_prompt_length == 0 || excess <= 0) return;
  sequence.ids.erase(sequence.ids.begin(), sequence.ids.begin() + excess);
  sequence.num_context = max_prompt_length;
}

TrainRow make_row(std::vector<TrainSequence> sequences, const std::string& place,
                  const TokeniseOptions& options) {
  for (TrainSequence& sequence : sequences) {
    cut_prompt(sequence, options.max_prompt_length);
    cut_end(sequence, options.max_length);
  }
  return {std::move(sequences), place};
}

TrainRow tokenise_text(const SftRecord& record, const Tokenizer& tokenizer, const TokeniseOptions& options) {
  TrainSequence sequence{encode_with_eos(tokenizer, record.prompt + record.completion, options), 0};
  if (!record.is_text)
    sequence.num_context = common_prefix(tokenizer.encode(record.prompt, SpecialTokens::kAdd), sequence.ids);
  return make_row({std::move(sequence)}, record.place, options);
}

// TRL 1.16, `DPOTrainer._prepare_dataset`: one prompt length for both sides.
TrainRow tokenise_pair(const PreferenceRecord& record, const Tokenizer& tokenizer,
                       const TokeniseOptions& options) {
  if (options.pairs == PairTokenization::kTrl08) return tokenise_pair_trl_0_8(record, tokenizer, options);
  const Ids prompt = tokenizer.encode(record.prompt, SpecialTokens::kAdd);
  TrainSequence chosen{encode_with_eos(tokenizer, record.prompt + record.chosen, options), 0};
  TrainSequence rejected{encode_with_eos(tokenizer, record.prompt + record.rejected, options), 0};
  chosen.num_context = rejected.num_context =
      std::min(common_prefix(prompt, chosen.ids), common_prefix(prompt, rejected.ids));
  return make_row({std::move(chosen), std::move(rejected)}, record.place, options);
}

// TRL's filter: a prompt as long as the whole sequence may be leaves nothing to learn from.
bool is_usable(const TrainRow& row, int64_t max_length) {
  for (const TrainSequence& sequence : row.sequences)
    if (sequence.ids.empty() || sequence.num_context >= max_length) return false;
  return true;
}

template <typename Record, typename TokeniseOne>
TokenisedData tokenise_all(const std::vector<Record>& records, const Tokenizer& tokenizer,
                           const TokeniseOptions& options, const TokeniseOne& tokenise_one) {
  if (options.append_eos && !tokenizer.eos_id())
    throw Error(ErrorKind::kCheckpoint,
                "the tokenizer names no end-of-sequence token to append; give no_append_eos", "tokenizer");
  TokenisedData data;
  data.rows.reserve(records.size());
  for (const Record& record : records) {
    TrainRow row = tokenise_one(record, tokenizer, options);
    if (is_usable(row, options.max_length))
      data.rows.push_back(std::move(row));
    else
      ++data.num_dropped;
  }
  return data;
}

}  // namespace

PairTokenization parse_pair_tokenization(const std::string& name) {
  if (name == "trl_1") return PairTokenization::kTrl1;
  if (name == "trl_0_8") return PairTokenization::kTrl08;
  throw_unknown_name("pair tokenization", name, {"trl_0_8", "trl_1"});
}

TokenisedData tokenise(const std::vector<SftRecord>& records, const Tokenizer& tokenizer,
                       const TokeniseOptions& options) {
  return tokenise_all(records, tokenizer, options, tokenise_text);
}

TokenisedData tokenise(const std::vector<PreferenceRecord>& records, const Tokenizer& tokenizer,
                       const TokeniseOptions& options) {
  return tokenise_all(records, tokenizer, options, tokenise_pair);
}

}  // namespace xlt
