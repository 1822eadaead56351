// SPDX-License-Identifier: Apache-2.0
// `xlt lab`: an experiment on languages that were made for it. Each seed is a world: languages with dials, a
// corpus, a tokenizer, a decoder pretrained from nothing, finetuned in language 1 and evaluated in all, by
// the sweeps that do it for any model. What the dials do to the transfer is then estimated as the design
// says, which is fixed before anything is run.
//
//   DIR/design.json                   the design as read, and every seed it was run with: another design, and one that
//                                     leaves out a seed, are refused here; further seeds are added to it
//   DIR/worlds/seed-N/                world.json, corpus.jsonl, tokenizer/, data/, pairs.jsonl …, measured.json, model
//   DIR/pretraining/, DIR/finetuning/ two sweeps (xlt/run/sweep.h); finetuning/compare/seed-N/compare.json
//   DIR/results.json, results.csv     a row a world and language: dials, fertility, before, after
//   DIR/effects.json, effects.csv     what the design's analysis found
//   DIR/effects.svg, report.html      the same as a picture, and a page around it
//
#pragma once

#include <cstdint>
#include <string>

#include "xlt/base/config.h"
#include "xlt/base/context.h"
#include "xlt/base/json_fwd.h"
#include "xlt/base/placement.h"
#include "xlt/run/sweep.h"

namespace xlt {

struct LabOptions {
  std::string design, output;
  bool dry_run = false;
  int64_t workers = 1;
  void visit(OptionVisitor& v);
};

struct LabResult {
  int64_t num_cells = 0, num_done = 0;  // of both sweeps
  std::string table;                    // for people
  bool all_done() const { return num_done == num_cells; }
};

// Does what is missing in options.output, which several calls may share. Throws kConfig for a design that is
// wrong, kUsage for a folder that holds another one or was run with seeds that this one leaves out,
// kInterrupted when it was stopped: the same call goes on.
LabResult run_lab(const LabOptions& options, const SweepTools& tools, const Placement& where,
                  const Context& context);
// The design's seeds, languages and terms, as run_lab would use them. Writes nothing. Throws kConfig as
// run_lab.
Json lab_plan(const LabOptions& options, const SweepTools& tools);

}  // namespace xlt
