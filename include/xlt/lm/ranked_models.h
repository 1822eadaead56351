// SPDX-License-Identifier: Apache-2.0
// Models of several ranks: rank 0 asks, every rank answers its share of the requests.
//
//   RankedModels models(world);
//   auto lm = models.share(load_language_model(…));        // on every rank, in the same order
//   if (world.is_first()) evaluate(*lm);                   // asks all of them
//   else models.answer();                                  // until rank 0 lets go
//   models.release();
#pragma once

#include <memory>

#include "xlt/lm/language_model.h"
#include "xlt/lm/seq2seq.h"
#include "xlt/lm/text_classifier.h"

namespace xlt {

class World;
class ModelExchange;

// One thread a rank. In a world of one, what is shared is what was given.
class RankedModels {
 public:
  explicit RankedModels(World& world);

  // The model that asks all ranks: of rank 0; the others' is not to be asked. Results are those of one
  // process wherever a model's do not depend on what is asked together. An Error on one rank is thrown on
  // rank 0. What is asked rarely, and of one text (bos_log_likelihood, left_padded_log_likelihood, tokenize),
  // rank 0 answers alone.
  std::unique_ptr<LanguageModel> share(std::unique_ptr<LanguageModel> model);
  std::unique_ptr<TextClassifier> share(std::unique_ptr<TextClassifier> model);
  std::unique_ptr<Seq2Seq> share(std::unique_ptr<Seq2Seq> model);

  // Ranks beside 0: answers for all shared models until rank 0 lets go. Throws kInternal where rank 0 is
  // lost.
  void answer();
  // Rank 0: lets the others go, who are in answer() or on their way there; nothing can be asked any more.
  void release();

 private:
  std::shared_ptr<ModelExchange> exchange_;  // null in a world of one
};

}  // namespace xlt
