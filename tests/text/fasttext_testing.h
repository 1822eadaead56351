// SPDX-License-Identifier: Apache-2.0
// Tiny fastText classifiers for the tests of `text`.
#pragma once

#include "text_testing.h"

#include <string>

#include <fasttext/fasttext.h>

namespace xlt {

// A model trained on the spot on lines that begin with a label; `quantised` as lid.176.ftz is.
inline std::filesystem::path train_fasttext(const TemporaryFolder& folder, const std::string& lines,
                                            bool quantised,
                                            fasttext::loss_name loss = fasttext::loss_name::softmax) {
  std::string text;
  for (int i = 0; i < 200; ++i) text += lines;
  folder.write("train.txt", std::string_view(text));
  fasttext::Args args;
  args.model = fasttext::model_name::sup;
  args.loss = loss;
  args.input = (folder.path() / "train.txt").string();
  args.dim = 8;
  args.epoch = 20;
  args.lr = 0.5;
  args.minCount = 1;
  args.minn = 2;
  args.maxn = 3;
  args.bucket = 500;
  args.thread = 1;
  args.verbose = 0;
  fasttext::FastText model;
  model.train(args);
  if (quantised) {
    fasttext::Args quantisation = args;
    quantisation.qnorm = true;
    quantisation.dsub = 2;
    model.quantize(quantisation);
  }
  const auto file = folder.path() / "model.bin";
  model.saveModel(file.string());
  return file;
}

}  // namespace xlt
