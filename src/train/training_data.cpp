// SPDX-License-Identifier: Apache-2.0
// Records → tokenised, split rows.
#include "train/tokenise.h"
#include "train/training.h"

#include "xlt/base/error.h"

namespace xlt {

namespace {

TokeniseOptions tokenise_options(const TrainerOptions& options) {
  return {.max_length = options.max_length,
          .max_prompt_length = options.max_prompt_length,
          .append_eos = !options.no_append_eos,
          .pairs = parse_pair_tokenization(options.pair_tokenization),
          .long_texts = parse_long_texts(options.long_texts)};
}

template <typename Record>
std::vector<Record> take(const std::vector<Record>& records, const std::vector<int64_t>& indices) {
  std::vector<Record> taken;
  taken.reserve(indices.size());
  for (const int64_t index : indices) taken.push_back(records[index]);
  return taken;
}

template <typename Record>
TrainingData prepare(const std::vector<Record>& records, const TrainJob& job, const TrainerOptions& options,
                     const Context& context) {
  const int64_t num_rows = static_cast<int64_t>(records.size());
  const Split split = split_rows(num_rows, options.eval_split, job.seed, options.no_shuffle);
  TokenisedData train = tokenise(take(records, split.train), *job.tokenizer, tokenise_options(options));
  TokenisedData test = tokenise(take(records, split.test), *job.tokenizer, tokenise_options(options));
  const int64_t num_dropped = train.num_dropped + test.num_dropped;
  if (num_dropped > 0)
    context.warn(str_cat(num_dropped, " of ", num_rows,
                         " rows left out: their prompt alone fills max_length ", options.max_length));
  if (const int64_t num_split = train.num_split + test.num_split; num_split > 0)
    context.info(str_cat(num_split, " of ", num_rows, " texts are longer than max_length ",
                         options.max_length, " and go on in further rows: ", train.rows.size(),
                         " rows to train on, ", test.rows.size(), " to evaluate on"));
  if (train.rows.empty())
    throw Error(
        ErrorKind::kData,
        str_cat("no row to train on: ", num_rows, " given, ", split.test.size(), " held out, ", num_dropped,
                " without room for an answer; give more rows, a smaller eval_split or a larger max_length"));
  if (options.eval_split > 0 && test.rows.empty())
    throw Error(ErrorKind::kData,
                str_cat("no row to evaluate on: all ", split.test.size(), " held-out rows are too long"));
  return {{std::move(train.rows), {}}, {std::move(test.rows), {}}};
}

}  // namespace

TrainingData prepare_data(const TrainJob& job, const TrainerOptions& options, const Loss& loss,
                          const Context& context) {
  return loss.uses_pairs() ? prepare(job.preference, job, options, context)
                           : prepare(job.sft, job, options, context);
}

}  // namespace xlt
