// SPDX-License-Identifier: Apache-2.0
// The file that `xlt lab` is given, read and checked.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "xlt/base/json.h"
#include "xlt/findings/factorial.h"
#include "xlt/lab/corpus.h"
#include "xlt/lab/languages.h"
#include "xlt/run/sweep.h"

namespace xlt {

struct LabTokenizerOptions {
  int64_t vocab_size = 1000, documents = 3000;
  void visit(OptionVisitor& v);
};

// Which figure of which cell the analysis is about.
struct LabTarget {
  std::string benchmark = "rtp_prompts", metric = "toxic_fraction", scorer = "oracle#toxic",
              scoring = "corrected";
  std::string arm;                 // a recipe; empty: the first
  std::string measure = "change";  // change | change_relative, of xlt compare
  void visit(OptionVisitor& v);
};

struct LabDesign {
  std::string file;
  GrammarOptions grammar;
  std::vector<LanguageDials> languages;
  LabDataOptions data;
  LabTokenizerOptions tokenizer;
  Json model;  // config.json of the decoder
  // Options are laid flat, whatever sections of them the design has.
  Json pretraining = Json::object();  // of xlt train
  int64_t num_documents = 0;          // of the corpus: one for each row of the pretraining
  Json recipes = Json::array();       // as a sweep has them; "{world}" stands for the world's folder
  Json eval = Json::object();         // options of xlt eval
  Json compare = Json::object();      // options of xlt compare
  double lease_seconds = 60;
  std::vector<int64_t> seeds;
  LabTarget target;
  FactorialPlan analysis;  // without factors: nothing is estimated
  Json normalised;         // all of it but the seeds, to tell designs apart

  std::vector<std::string> tags() const;
};

// A language entry with "cross": {"share": [0.02, 0.2], …} stands for one language for each combination.
// Languages without a tag are given the next free one from qaa on. Throws kConfig naming the place, also of
// an option of the trainings or the evaluation that is none.
LabDesign read_lab_design(const std::string& file, const SweepTools& tools);

}  // namespace xlt
