// SPDX-License-Identifier: Apache-2.0
// Conditional log-likelihoods: any batch, shared sources, what is counted.
#include "xlt/lm/seq2seq.h"

#include "models/tiny_checkpoints.h"
#include "scratch_folder.h"

#include <cmath>
#include <numeric>

#include <gtest/gtest.h>

namespace xlt {
namespace {

class Seq2Seqs : public FolderTest {
 protected:
  Seq2Seqs() {
    write_t5(folder_, t5_config());
    write_letter_tokenizer(folder_, /*with_start=*/false);
  }
  std::vector<LogLikelihood> score(const std::vector<Seq2SeqRequest>& requests,
                                   int64_t batch_tokens = 0) const {
    return load_seq2seq({folder_, batch_tokens}, Placement{}, Context{})->log_likelihood(requests);
  }
};

TEST_F(Seq2Seqs, EveryTokenOfTheTargetAndItsEndAreScored) {
  const auto scores = score({{"the cat", "sat"}, {"", ""}});
  EXPECT_EQ(scores[0].num_tokens, 4);
  EXPECT_EQ(scores[0].num_bytes, 3);
  EXPECT_NEAR(
      scores[0].log_likelihood,
      std::accumulate(scores[0].token_log_likelihoods.begin(), scores[0].token_log_likelihoods.end(), 0.0),
      1e-12);
  EXPECT_EQ(scores[1].num_tokens, 1);  // </s> after </s>
}

TEST_F(Seq2Seqs, AnyBatchAndOrderGiveTheSameBits) {
  const std::vector<Seq2SeqRequest> requests = {{"the cat", "sat"}, {"a dog", "ran off"}, {"the cat", "ate"},
                                                {"", "x"},          {"a dog", ""},        {"the cat", "sat"}};
  const auto expected = score(requests);
  for (const int64_t batch_tokens : {1, 12, 30}) {
    const auto scores = score(requests, batch_tokens);
    for (size_t i = 0; i < requests.size(); ++i)
      EXPECT_EQ(scores[i].token_log_likelihoods, expected[i].token_log_likelihoods);
  }
  for (size_t i = 0; i < requests.size(); ++i)
    EXPECT_EQ(score({requests[i]})[0].token_log_likelihoods, expected[i].token_log_likelihoods);
  EXPECT_EQ(expected[0].log_likelihood, expected[5].log_likelihood);
}

TEST_F(Seq2Seqs, ProbabilitiesOfAFirstTokenSumToOne) {
  std::vector<Seq2SeqRequest> requests;
  for (char c = 'a'; c <= 'z'; ++c) requests.push_back({"the cat", std::string(1, c)});
  for (const char* other : {"<s>", "<pad>", "</s>", " "}) requests.push_back({"the cat", other});
  double sum = 0;
  for (const LogLikelihood& score : score(requests)) sum += std::exp(score.token_log_likelihoods[0]);
  EXPECT_NEAR(sum, 1, 1e-5);
}

}  // namespace
}  // namespace xlt
