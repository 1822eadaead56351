// SPDX-License-Identifier: Apache-2.0
// Where a general tool can judge what the oracle knows, they agree.
#include "lab/lab_testing.h"
#include "scratch_folder.h"

#include <fasttext/fasttext.h>
#include <gtest/gtest.h>

#include "xlt/base/file.h"
#include "xlt/lab/corpus.h"
#include "xlt/lab/oracle.h"
#include "xlt/text/language_id.h"

namespace xlt {
namespace {

// A fastText classifier of words and their parts, on lines that begin with a label.
std::filesystem::path train_identifier(const std::filesystem::path& folder, const std::string& lines) {
  write_file(folder / "train.txt", lines);
  fasttext::Args args;
  args.model = fasttext::model_name::sup;
  args.loss = fasttext::loss_name::softmax;
  args.input = (folder / "train.txt").string();
  args.dim = 8, args.epoch = 10, args.lr = 0.5;
  args.minCount = 1, args.minn = 2, args.maxn = 4, args.bucket = 5000;
  args.thread = 1, args.verbose = 0;
  fasttext::FastText model;
  model.train(args);
  model.saveModel((folder / "model.bin").string());
  return folder / "model.bin";
}

class OracleAgreement : public FolderTest {};

TEST_F(OracleAgreement, AnIdentifierTrainedOnTheCorporaNamesTheSameLanguages) {
  const Oracle oracle(std::make_unique<LabWorld>(GrammarOptions{},
                                                 dials_of(4,
                                                          [](int i, LanguageDials& dials) {
                                                            dials.overlap = i == 1 ? 0.25 : 0;
                                                            dials.script = i == 3 ? "greek" : "latin";
                                                          }),
                                                 11));
  const LabWorld& world = oracle.world();
  Rng rng(1);
  std::string text;
  for (int i = 0; i < 400; ++i)
    for (const Language& language : world.languages())
      text += "__label__" + language.tag() + " " + language.realise(world.grammar().draw(rng)) + "\n";
  const auto identifier = load_language_identifier(train_identifier(folder_, text));
  int64_t agreed = 0, told = 0;
  for (int i = 0; i < 100; ++i)
    for (const Language& language : world.languages()) {
      const std::string fresh = language.realise(world.grammar().draw(rng));
      const auto guess = oracle.identify(fresh);
      ASSERT_TRUE(guess);
      EXPECT_EQ(guess->share, 1);
      ++told;
      agreed += identifier->identify(fresh).language == guess->language->tag();
    }
  EXPECT_GE(agreed, told * 97 / 100);
}

}  // namespace
}  // namespace xlt
