// SPDX-License-Identifier: Apache-2.0
// `xlt report`: one page of what evaluations, trainings and comparisons found.
#include "cli/command.h"
#include "cli/session.h"

#include <cstdio>

#include "xlt/base/json.h"
#include "xlt/findings/page.h"

namespace xlt::cli {

namespace {

class ReportCommand final : public Command {
 public:
  CommandHelp help() const override {
    return {
        "Make one page of pictures and tables from evaluations, trainings and comparisons; it needs no "
        "network",
        "xlt report out/before out/after runs/dpo --output report.html",
        {"folders"},
        "folders"};
  }
  std::vector<OptionGroup> groups() override { return {{"report", "Page", visit_of(options_)}}; }
  bool may_be_cut_short() const override { return true; }
  int run(Session& session) override {
    options_.seed = session.seed();
    const Json data = page_data(options_, session.context());
    write_page(data, options_);
    for (const Json& note : data.at("notes")) session.context().warn(note.get<std::string>());
    std::printf("%s\n", options_.output.c_str());
    session.context().info("wrote " + options_.output + "; open it in a browser");
    return 0;
  }

 private:
  PageOptions options_;
};

}  // namespace

std::unique_ptr<Command> make_report_command() { return std::make_unique<ReportCommand>(); }

}  // namespace xlt::cli
