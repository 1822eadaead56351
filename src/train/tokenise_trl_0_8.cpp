// SPDX-License-Identifier: Apache-2.0
#include "train/tokenise_trl_0_8.h"

namespace xlt {

namespace {

using Ids = std::vector<int64_t>;
constexpr int64_t kDefaultMaxPromptLength = 128;  // of DPOTrainer in that version

// The prompt ends where encode(prompt) does, or a token earlier if prompt + answer tokenises differently up
// to there.
TrainSequence split_answer(const Ids& prompt, Ids full) {
  int64_t start = std::min<int64_t>(prompt.size(), full.size());
  const bool prompt_changed =
      start < static_cast<int64_t>(prompt.size()) || !std::equal(prompt.begin(), prompt.end(), full.begin());
  if (prompt_changed) start = std::max<int64_t>(start - 1, 0);
  return {std::move(full), start};
}

void add_special_tokens(TrainSequence& side, const Tokenizer& tokenizer, bool append_eos) {
  if (tokenizer.bos_id() && (side.num_context == 0 || side.ids.front() != *tokenizer.bos_id())) {
    side.ids.insert(side.ids.begin(), *tokenizer.bos_id());
    ++side.num_context;
  }
  const bool has_answer = side.length() > side.num_context;
  if (append_eos && (!has_answer || side.ids.back() != *tokenizer.eos_id()))
    side.ids.push_back(*tokenizer.eos_id());
}

int64_t answer_length(const TrainSequence& side) { return side.length() - side.num_context; }

}  // namespace

TrainRow tokenise_pair_trl_0_8(const PreferenceRecord& record, const Tokenizer& tokenizer,
                               const TokeniseOptions& options) {
  const Ids prompt = tokenizer.encode(record.prompt, SpecialTokens::kNone);
  std::vector<TrainSequence> sides;
  for (const std::string* answer : {&record.chosen, &record.rejected}) {
    sides.push_back(split_answer(prompt, tokenizer.encode(record.prompt + *answer, SpecialTokens::kNone)));
    add_special_tokens(sides.back(), tokenizer, options.append_eos);
  }
  const int64_t max_prompt =
      options.max_prompt_length > 0 ? options.max_prompt_length : kDefaultMaxPromptLength;
  const int64_t longer_answer = std::max(answer_length(sides[0]), answer_length(sides[1]));
  for (TrainSequence& side : sides) {
    if (side.num_context + longer_answer > options.max_length && side.num_context > max_prompt) {
      side.ids.erase(side.ids.begin(), side.ids.begin() + (side.num_context - max_prompt));  // keep_end
      side.num_context = max_prompt;
    }
    // `longer_answer` stays the length before this cut, as in the original: the second side is cut by the
    // same rule.
    const int64_t max_answer = std::max<int64_t>(options.max_length - max_prompt, 0);
    if (side.num_context + longer_answer > options.max_length && answer_length(side) > max_answer)
      side.ids.resize(side.num_context + max_answer);
  }
  return {std::move(sides), record.place};
}

}  // namespace xlt
