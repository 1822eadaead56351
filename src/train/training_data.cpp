// SPDX-License-Identifier: Apache-2.0
#include "train/training_data.h"

#include "train/tokenise.h"

#include <algorithm>

#include "xlt/base/error.h"
#include "xlt/base/rng.h"
#include "xlt/parallel/parallel.h"

namespace xlt {

namespace {

TokeniseOptions tokenise_options(const TrainJob& job, const TrainerOptions& options) {
  return {.max_length = options.max_length,
          .max_prompt_length = options.max_prompt_length,
          .append_eos = !options.no_append_eos,
          .pairs = parse_pair_tokenization(options.pair_tokenization),
          .long_texts = parse_long_texts(options.long_texts),
          .left_pad = options.attend_pads ? job.left_pad : std::nullopt};
}

template <typename Record>
std::vector<Record> take(const std::vector<Record>& records, const std::vector<int64_t>& indices) {
  std::vector<Record> taken;
  if (records.empty()) return taken;
  taken.reserve(indices.size());
  for (const int64_t index : indices) taken.push_back(records[index]);
  return taken;
}

Records take(const Records& records, const std::vector<int64_t>& indices) {
  return {take(records.texts, indices), take(records.pairs, indices), take(records.labelled, indices)};
}

void check_kind(const Records& records, RowKind kind) {
  const size_t own = kind == RowKind::kText   ? records.texts.size()
                     : kind == RowKind::kPair ? records.pairs.size()
                                              : records.labelled.size();
  XLT_CHECK(records.size() == static_cast<int64_t>(own), "the method reads ", name_of(kind),
            ", and was given other rows");
}

// Texts that go on in further rows, and rows without room for an answer, are told.
void report(const TokenisedData& train, const TokenisedData& test, int64_t num_records,
            const TrainerOptions& options, const Context& context) {
  if (const int64_t num_dropped = train.num_dropped + test.num_dropped; num_dropped > 0)
    context.warn(str_cat(num_dropped, " of ", num_records,
                         " rows left out: their prompt alone fills max_length ", options.max_length));
  if (const int64_t num_split = train.num_split + test.num_split; num_split > 0)
    context.info(str_cat(num_split, " of ", num_records, " texts are longer than max_length ",
                         options.max_length, " and go on in further rows: ", train.rows.size(),
                         " rows to train on, ", test.rows.size(), " to evaluate on"));
}

uint64_t split_seed(const TrainJob& job, const TrainerOptions& options) {
  return options.split_seed >= 0 ? static_cast<uint64_t>(options.split_seed) : job.seed;
}

struct TokenisedSplit {
  TokenisedData train, test;
};

// Rows to evaluate on have a file of their own, or are drawn from the others.
TokenisedSplit tokenise_split(const TrainJob& job, const TrainerOptions& options, RowKind kind,
                              const Context& context) {
  const bool has_own = job.eval_records.size() > 0;
  check_kind(job.records, kind);
  check_kind(job.eval_records, kind);
  const Split split = split_rows(job.records.size(), has_own ? 0 : options.eval_split,
                                 split_seed(job, options), options.no_shuffle);
  const Records held_out = has_own ? job.eval_records : take(job.records, split.test);
  const TokeniseOptions how = tokenise_options(job, options);
  TokenisedSplit rows{tokenise(take(job.records, split.train), *job.tokenizer, how),
                      tokenise(held_out, *job.tokenizer, how)};
  report(rows.train, rows.test, job.records.size() + job.eval_records.size(), options, context);
  if (rows.train.rows.empty())
    throw Error(ErrorKind::kData,
                str_cat("no row to train on: ", job.records.size(), " given, ", split.test.size(),
                        " held out, ", rows.train.num_dropped + rows.test.num_dropped,
                        " without room for an answer; give more rows, a smaller --eval-split, a larger "
                        "--max-length, or --max-prompt-length, which cuts the beginnings of prompts"));
  if (held_out.size() > 0 && rows.test.rows.empty())
    throw Error(ErrorKind::kData,
                str_cat("no row to evaluate on: all ", held_out.size(), " held-out rows are too long"));
  return rows;
}

// The first of them, or as many drawn by `seed`, in their order; 0: all.
void cap(std::vector<TrainRow>& rows, int64_t most, const TrainerOptions& options, uint64_t seed) {
  const auto size = static_cast<int64_t>(rows.size());
  if (most == 0 || size <= most) return;
  if (options.max_rows_order == "random") {
    std::vector<int64_t> drawn = numpy_permutation(seed, size);
    drawn.resize(most);
    std::sort(drawn.begin(), drawn.end());
    for (int64_t i = 0; i < most; ++i)
      if (drawn[i] != i) rows[i] = std::move(rows[drawn[i]]);
  }
  rows.resize(most);
}

std::vector<TrainRow> tokenise_further(const TrainJob& job, const RowSetSpec& set,
                                       const TokeniseOptions& options) {
  const auto found = job.further_records.find(set.name);
  if (found == job.further_records.end())
    throw Error(ErrorKind::kUsage, str_cat("the method also draws on ", name_of(set.kind), " called \"",
                                           set.name, "\", and none were given"));
  check_kind(found->second, set.kind);
  TokenisedData data = tokenise(found->second, *job.tokenizer, options);
  if (data.rows.empty())
    throw Error(ErrorKind::kData, str_cat("no row of \"", set.name, "\" is left to train on"));
  return std::move(data.rows);
}

}  // namespace

TrainingData prepare_data(const TrainJob& job, const TrainerOptions& options, const Loss& loss,
                          const Context& context) {
  const std::vector<RowSetSpec> sets = loss.row_sets();
  TokenisedSplit split = tokenise_split(job, options, sets.front().kind, context);
  TrainingData data{std::move(split.train.rows), std::move(split.test.rows), {}};
  cap(data.train, options.max_train_rows, options, split_seed(job, options));
  cap(data.test, options.max_eval_rows, options, split_seed(job, options));
  if (const std::string oddity = loss.oddity_of(data.train); !oddity.empty()) context.warn(oddity);
  for (size_t i = 1; i < sets.size(); ++i)
    data.further.push_back(tokenise_further(job, sets[i], tokenise_options(job, options)));
  if (sets.front().uses_mismatched) {
    add_mismatched(data.train, options.batch_size, options.max_length);
    add_mismatched(data.test, options.batch_size, options.max_length);
  }
  if (sets.front().uses_prompt) {
    add_prompts(data.train);
    add_prompts(data.test);
  }
  return data;
}

int64_t num_data_tokens(const TrainRow& row, const TrainJob& job, const TrainerOptions& options) {
  int64_t num_pads = 0;
  if (options.attend_pads && job.left_pad)
    for (const TrainSequence& sequence : row.sequences) {
      const auto text = std::find_if(sequence.ids.begin(), sequence.ids.begin() + sequence.num_context,
                                     [&](int64_t id) { return id != *job.left_pad; });
      num_pads += text - sequence.ids.begin();
    }
  return row.num_tokens() - num_pads;
}

bool is_shuffled(const TrainerOptions& options, const Loss& loss, size_t set) {
  return !options.no_shuffle && !loss.row_sets()[set].uses_mismatched;
}

bool may_cut_steps_anew(const TrainerOptions& options, const Loss& loss) {
  return !options.drop_last_accumulation && !loss.row_sets().front().uses_mismatched;
}

int64_t micro_batches_per_step(const TrainJob& job, const TrainerOptions& options) {
  return options.gradient_accumulation_steps * (job.world ? job.world->world_size() : 1);
}

DataOrder order_of(const TrainJob& job, const TrainerOptions& options, const Loss& loss, size_t set,
                   const std::vector<TrainRow>& rows) {
  return DataOrder({.num_rows = static_cast<int64_t>(rows.size()),
                    .batch_size = options.batch_size,
                    .gradient_accumulation_steps = micro_batches_per_step(job, options),
                    .seed = job.seed,
                    .shuffle = is_shuffled(options, loss, set),
                    .last_accumulation = options.drop_last_accumulation ? LastAccumulation::kDrop
                                                                        : LastAccumulation::kShortStep});
}

}  // namespace xlt
