// SPDX-License-Identifier: Apache-2.0
#include "train/tokenise.h"

#include "train/tokenise_trl_0_8.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <iterator>
#include <limits>

#include <ATen/Parallel.h>

#include "xlt/base/error.h"
#include "xlt/base/registry.h"
#include "xlt/base/runs.h"

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

// A prompt, by itself. A chat template has put the special tokens.
Ids encode_prompt(const Tokenizer& tokenizer, const std::string& prompt, bool is_rendered) {
  return tokenizer.encode(prompt, is_rendered ? SpecialTokens::kNone : SpecialTokens::kAdd);
}

// A prompt with its answer. As TRL has it, EOS is appended to texts, not to what a chat template wrote.
Ids encode_answered(const Tokenizer& tokenizer, const std::string& prompt, const std::string& answer,
                    bool is_rendered, const TokeniseOptions& options) {
  if (is_rendered) return tokenizer.encode(answer, SpecialTokens::kNone);
  return encode_with_eos(tokenizer, prompt + answer, options);
}

TrainRow tokenise_text(const SftRecord& record, const Tokenizer& tokenizer, const TokeniseOptions& options) {
  TrainSequence sequence{
      encode_answered(tokenizer, record.prompt, record.completion, record.is_rendered, options), 0};
  if (!record.is_text)
    sequence.num_context =
        common_prefix(encode_prompt(tokenizer, record.prompt, record.is_rendered), sequence.ids);
  return make_row({std::move(sequence)}, record.place, options);
}

// The row of a whole text → rows of at most `max_length` tokens, each with the tokenizer's special tokens
// around its share of the others. A part that holds nothing but prompt has no label and is left out.
std::vector<TrainRow> split_row(const TrainRow& whole, const Tokenizer& tokenizer, int64_t max_length) {
  const Ids prefix = tokenizer.prefix_ids(), suffix = tokenizer.suffix_ids();
  const TrainSequence& sequence = whole.sequences.front();
  const int64_t num_special = prefix.size() + suffix.size();
  const int64_t num_own = sequence.length() - num_special, room = max_length - num_special;
  const int64_t num_parts = (num_own + room - 1) / room;
  std::vector<TrainRow> rows;
  for (int64_t part = 0; part < num_parts; ++part) {
    const int64_t begin = part * room, end = std::min(begin + room, num_own);
    const auto own = sequence.ids.begin() + prefix.size();
    TrainSequence piece{prefix, 0};
    piece.ids.insert(piece.ids.end(), own + begin, own + end);
    piece.ids.insert(piece.ids.end(), suffix.begin(), suffix.end());
    if (sequence.num_context > 0)  // a completion's labels begin after the prompt
      piece.num_context =
          std::max<int64_t>(sequence.num_context - begin, static_cast<int64_t>(prefix.size()));
    if (piece.num_context < piece.length() - static_cast<int64_t>(suffix.size()))
      rows.push_back({{std::move(piece)}, str_cat(whole.place, ", part ", part + 1, " of ", num_parts)});
  }
  return rows;
}

std::vector<TrainRow> split_text(const SftRecord& record, const Tokenizer& tokenizer,
                                 const TokeniseOptions& options) {
  if (record.is_rendered)
    throw Error(ErrorKind::kUsage,
                "long_texts split is for texts; a conversation can only be cut (long_texts cut)",
                record.place);
  TokeniseOptions unbounded = options;
  unbounded.max_length = std::numeric_limits<int64_t>::max();
  TrainRow whole = tokenise_text(record, tokenizer, unbounded);
  if (whole.sequences.front().length() <= options.max_length) return {std::move(whole)};
  return split_row(whole, tokenizer, options.max_length);
}

// TRL 1.16, `DPOTrainer._prepare_dataset`: one prompt length for both sides.
TrainRow tokenise_pair(const PreferenceRecord& record, const Tokenizer& tokenizer,
                       const TokeniseOptions& options) {
  const bool is_rendered = record.is_rendered;
  if (options.pairs == PairTokenization::kTrl08) {
    if (is_rendered)
      throw Error(ErrorKind::kUsage, "pair_tokenization trl_0_8 is for texts; of conversations it is trl_1",
                  record.place);
    return tokenise_pair_trl_0_8(record, tokenizer, options);
  }
  const Ids prompt = encode_prompt(tokenizer, record.prompt, is_rendered);
  TrainSequence chosen{encode_answered(tokenizer, record.prompt, record.chosen, is_rendered, options), 0};
  TrainSequence rejected{encode_answered(tokenizer, record.prompt, record.rejected, is_rendered, options), 0};
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

void check_eos(const Tokenizer& tokenizer, const TokeniseOptions& options) {
  if (options.append_eos && !tokenizer.eos_id())
    throw Error(ErrorKind::kCheckpoint,
                "the tokenizer names no end-of-sequence token to append; give no_append_eos", "tokenizer");
}

void check_room(const Tokenizer& tokenizer, int64_t max_length) {
  const int64_t num_special = tokenizer.prefix_ids().size() + tokenizer.suffix_ids().size();
  if (max_length <= num_special)
    throw Error(ErrorKind::kUsage, str_cat("long_texts split: each row has ", num_special,
                                           " special tokens, which leave no room in ", "max_length ",
                                           max_length, "; give a larger one"));
}

// As the published code reads a row that was padded on the left and whose attention mask it threw away.
void add_pads(TrainRow& row, int64_t pad, int64_t max_length) {
  TrainSequence& sequence = row.sequences.front();
  const int64_t num_pads = std::max<int64_t>(max_length - sequence.length(), 0);
  sequence.ids.insert(sequence.ids.begin(), num_pads, pad);
  sequence.num_context += num_pads;
}

// The rows that each record makes, in the records' order. Records are tokenised side by side; where several
// are at fault, the first one's error is thrown, and those after it are not gone through.
template <typename Record, typename MakeRows>
std::vector<std::vector<TrainRow>> rows_of_each(const std::vector<Record>& records, const MakeRows& make) {
  constexpr int64_t kGrain = 16;  // records, below which a thread is not worth its waking
  const std::vector<Run> grains = runs_of(static_cast<int64_t>(records.size()), kGrain);
  const auto num_grains = static_cast<int64_t>(grains.size());
  std::vector<std::vector<TrainRow>> rows(records.size());
  std::atomic<int64_t> next{0}, first_fault{num_grains};
  std::vector<std::exception_ptr> errors(grains.size());
  const auto take_grain = [&](int64_t grain) {
    try {
      for (int64_t i = grains[grain].first; i < grains[grain].end(); ++i) rows[i] = make(records[i]);
    } catch (...) {
      errors[grain] = std::current_exception();
      int64_t before = first_fault;
      while (grain < before && !first_fault.compare_exchange_weak(before, grain)) {
      }
    }
  };
  // In their order, so that all before a fault have been begun when it is met.
  at::parallel_for(0, at::get_num_threads(), 1, [&](int64_t, int64_t) {
    for (int64_t grain = next++; grain < first_fault; grain = next++) take_grain(grain);
  });
  if (first_fault < num_grains) std::rethrow_exception(errors[first_fault]);
  return rows;
}

// A record of whose rows none is usable is dropped.
TokenisedData usable_rows(std::vector<std::vector<TrainRow>> rows_of_records, int64_t max_length) {
  TokenisedData data;
  for (std::vector<TrainRow>& rows : rows_of_records) {
    std::erase_if(rows, [&](const TrainRow& row) { return !is_usable(row, max_length); });
    if (rows.empty()) ++data.num_dropped;
    if (rows.size() > 1) ++data.num_split;
    std::move(rows.begin(), rows.end(), std::back_inserter(data.rows));
  }
  return data;
}

}  // namespace

PairTokenization parse_pair_tokenization(const std::string& name) {
  if (name == "trl_1") return PairTokenization::kTrl1;
  if (name == "trl_0_8") return PairTokenization::kTrl08;
  throw_unknown_name("pair tokenization", name, {"trl_0_8", "trl_1"});
}

LongTexts parse_long_texts(const std::string& name) {
  if (name == "cut") return LongTexts::kCut;
  if (name == "split") return LongTexts::kSplit;
  throw_unknown_name("treatment of long texts", name, {"cut", "split"});
}

TokenisedData tokenise(const std::vector<SftRecord>& records, const Tokenizer& tokenizer,
                       const TokeniseOptions& options) {
  check_eos(tokenizer, options);
  const bool splits = options.long_texts == LongTexts::kSplit;
  if (splits) check_room(tokenizer, options.max_length);
  TokenisedData data = usable_rows(
      rows_of_each(records,
                   [&](const SftRecord& record) {
                     return splits ? split_text(record, tokenizer, options)
                                   : std::vector<TrainRow>{tokenise_text(record, tokenizer, options)};
                   }),
      options.max_length);
  if (options.left_pad)
    for (TrainRow& row : data.rows) add_pads(row, *options.left_pad, options.max_length);
  return data;
}

TokenisedData tokenise(const std::vector<PreferenceRecord>& records, const Tokenizer& tokenizer,
                       const TokeniseOptions& options) {
  check_eos(tokenizer, options);
  return usable_rows(rows_of_each(records,
                                  [&](const PreferenceRecord& record) {
                                    return std::vector<TrainRow>{tokenise_pair(record, tokenizer, options)};
                                  }),
                     options.max_length);
}

TokenisedData tokenise(const std::vector<LabelledRecord>& records, const Tokenizer& tokenizer,
                       const TokeniseOptions& options) {
  check_eos(tokenizer, options);
  return usable_rows(rows_of_each(records,
                                  [&](const LabelledRecord& record) {
                                    TrainRow row = tokenise_text({false, record.prompt, record.completion,
                                                                  record.place, record.is_rendered},
                                                                 tokenizer, options);
                                    row.is_desirable = record.is_desirable;
                                    return std::vector<TrainRow>{std::move(row)};
                                  }),
                     options.max_length);
}

TokenisedData tokenise(const Records& records, const Tokenizer& tokenizer, const TokeniseOptions& options) {
  if (!records.pairs.empty()) return tokenise(records.pairs, tokenizer, options);
  if (!records.labelled.empty()) return tokenise(records.labelled, tokenizer, options);
  return tokenise(records.texts, tokenizer, options);
}

void add_mismatched(std::vector<TrainRow>& rows, int64_t group_size, int64_t max_length) {
  for (const Run& group : runs_of(static_cast<int64_t>(rows.size()), group_size))
    for (int64_t i = 0; i < group.count; ++i) {
      TrainRow& row = rows[group.first + i];
      const TrainSequence& own = row.sequences.front();
      const TrainSequence& other = rows[group.first + (i + group.count - 1) % group.count].sequences.front();
      TrainSequence mismatched{{own.ids.begin(), own.ids.begin() + own.num_context}, own.num_context};
      mismatched.ids.insert(mismatched.ids.end(), other.ids.begin() + other.num_context, other.ids.end());
      cut_end(mismatched, max_length);
      row.sequences.push_back(std::move(mismatched));
      row.is_mismatched = true;
    }
}

void add_prompts(std::vector<TrainRow>& rows) {
  for (TrainRow& row : rows) {
    const TrainSequence& chosen = row.sequences.front();
    TrainSequence prompt{{chosen.ids.begin(), chosen.ids.begin() + chosen.num_context}, 0};
    row.sequences.push_back(std::move(prompt));
    row.has_prompt = true;
  }
}

}  // namespace xlt
