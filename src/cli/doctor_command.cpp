// SPDX-License-Identifier: Apache-2.0
// `xlt doctor`: what this machine and build offer.
#include "cli/command.h"
#include "cli/session.h"

#include <cstdio>

#include "xlt/run/doctor.h"

namespace xlt::cli {

namespace {

struct DoctorOptions {
  std::string lid;
  void visit(OptionVisitor& v) {
    v.field("lid", lid, "language-identification model to try (fastText format)");
  }
};

const char* mark_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::kFine:
      return "ok";
    case Verdict::kNote:
      return "note";
    case Verdict::kProblem:
      return "PROBLEM";
  }
  return "";
}

class DoctorCommand final : public Command {
 public:
  CommandHelp help() const override {
    return {"Look at this machine and build, and say what to do about problems",
            "xlt doctor --lid lid.176.ftz",
            {},
            ""};
  }
  std::vector<OptionGroup> groups() override { return {{"doctor", "What to try", visit_of(options_)}}; }
  bool may_be_cut_short() const override { return true; }
  int run(Session&) override {
    bool healthy = true;
    for (const Finding& finding : examine_machine(options_.lid)) {
      std::printf("%-8s %-24s %s\n", mark_of(finding.verdict), finding.what.c_str(), finding.found.c_str());
      if (!finding.advice.empty()) std::printf("%-8s %-24s → %s\n", "", "", finding.advice.c_str());
      healthy = healthy && finding.verdict != Verdict::kProblem;
    }
    return healthy ? 0 : exit_code(ErrorKind::kUnsupported);
  }

 private:
  DoctorOptions options_;
};

}  // namespace

std::unique_ptr<Command> make_doctor_command() { return std::make_unique<DoctorCommand>(); }

}  // namespace xlt::cli
