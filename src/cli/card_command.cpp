// SPDX-License-Identifier: Apache-2.0
// `xlt card`: how far a scorer can be trusted.
#include "cli/command.h"
#include "cli/session.h"

#include <cstdio>
#include <cstdlib>

#include "xlt/run/card.h"
#include "xlt/scorers/card.h"

namespace xlt::cli {

namespace {

class CardCommand final : public Command {
 public:
  CommandHelp help() const override {
    return {
        "A scorer against people's labels in every language: AUC, calibration, false alarms",
        "xlt card --scorer probe:probes/toxicity --data labelled/en.jsonl,labelled/de.jsonl --benign data "
        "--output card.json",
        {"scorer", "data", "output"},
        ""};
  }
  std::vector<OptionGroup> groups() override { return {{"card", "Card", visit_of(options_)}}; }
  int run(Session& session) override {
    if (const char* key = std::getenv("XLT_SCORER_KEY")) options_.scorer_key = key;
    const Json card = run_card(options_, session.placement(), session.context());
    std::fprintf(stdout, "%s", card_table(card).c_str());
    session.context().info("wrote " + options_.output);
    return 0;
  }
  void check(Checks& checks) override {
    for (const std::string& file : options_.data) check_rows(checks, file, {"text"});
  }

 private:
  CardRunOptions options_;
};

}  // namespace

std::unique_ptr<Command> make_card_command() { return std::make_unique<CardCommand>(); }

}  // namespace xlt::cli
