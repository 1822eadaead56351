// SPDX-License-Identifier: Apache-2.0
// What is shown of a sweep is of the cells that its grid has.
#include "run/sweep/collect.h"

#include "scratch_folder.h"

#include <gtest/gtest.h>

#include "xlt/base/file.h"

namespace xlt {
namespace {

class SweepCollected : public FolderTest {
 protected:
  void write(const std::string& name) const {
    make_folders((folder_ / name).parent_path());
    write_file(folder_ / name, "{}");
  }
  bool is_there(const std::string& name) const { return fs::exists(folder_ / name); }
};

TEST_F(SweepCollected, WhatWasMadeOfOtherCellsGoes) {
  SweepPlan plan;
  plan.cells = {{.id = "1111", .kind = "eval", .model = "m", .part = "eval"},
                {.id = "2222", .kind = "train", .model = "m", .recipe = "dpo", .seed = 3, .part = "train"},
                {.id = "3333", .kind = "eval", .model = "m", .recipe = "dpo", .seed = 3, .part = "eval"}};
  plan.arms = {{"m", "", std::nullopt, {{"eval", "1111"}}}, {"m", "dpo", 3, {{"eval", "3333"}}}};
  // Of m's cells of an earlier grid, of which none is done in this one, and of a model that this one has not.
  for (const std::string model : {"m", "gone"})
    for (const char* file : {"compare.json", "compare.csv", "compare.tex", "cells.json", "report.html",
                             "arms/base/eval/report.json", "arms/dpo-3/eval/report.json"})
      write("compare/" + model + "/" + file);
  write("compare/gone/predictors/predictors.json");
  write("compare/own/compare.json");  // by hand
  write("report.html");
  collect(folder_, plan, {});
  for (const std::string model : {"m", "gone"})
    for (const char* name :
         {"compare.json", "compare.csv", "compare.tex", "cells.json", "report.html", "arms"})
      EXPECT_FALSE(is_there("compare/" + model + "/" + name)) << model << " " << name;
  EXPECT_FALSE(is_there("report.html"));
  EXPECT_TRUE(is_there("compare/gone/predictors/predictors.json"));
  EXPECT_TRUE(is_there("compare/own/compare.json"));
}

}  // namespace
}  // namespace xlt
