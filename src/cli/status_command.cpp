// SPDX-License-Identifier: Apache-2.0
// `xlt status`: how far a sweep is.
#include "cli/command.h"
#include "cli/session.h"

#include <cstdio>

#include "xlt/run/sweep.h"

namespace xlt::cli {

namespace {

struct StatusOptions {
  std::string folder;
  bool json = false;
  void visit(OptionVisitor& v) {
    v.field("folder", folder, "folder of a sweep");
    v.field("json", json, "for scripts: every cell with its state");
  }
};

class StatusCommand final : public Command {
 public:
  CommandHelp help() const override {
    return {"How far a sweep is: cells that wait, run, are done or failed, and the time left",
            "xlt status runs/quick",
            {"folder"},
            "folder"};
  }
  std::vector<OptionGroup> groups() override { return {{"status", "Sweep", visit_of(options_)}}; }
  bool may_be_cut_short() const override { return true; }
  int run(Session&) override {
    const Json status = sweep_status(options_.folder);
    std::fputs((options_.json ? dump_json(status, 1) + "\n" : sweep_status_table(status)).c_str(), stdout);
    return 0;
  }

 private:
  StatusOptions options_;
};

}  // namespace

std::unique_ptr<Command> make_status_command() { return std::make_unique<StatusCommand>(); }

}  // namespace xlt::cli
