// SPDX-License-Identifier: Apache-2.0
// `xlt doctor`: what this machine and build offer, and what a model would be loaded as.
#include "cli/command.h"
#include "cli/device_map_option.h"
#include "cli/session.h"

#include <cstdio>
#include <utility>
#include <vector>

#include "xlt/run/doctor.h"

namespace xlt::cli {

namespace {

struct DoctorOptions {
  std::string lid, model;
  DeviceMapOption device_map;
  void visit(OptionVisitor& v) {
    v.field("lid", lid, "language-identification model to try (fastText format)");
    v.field("model", model, "checkpoint to look at: what it would be loaded as and how much memory it takes");
    device_map.visit(v);
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
            "xlt doctor --model models/gemma-3-270m --lid lid.176.ftz",
            {},
            ""};
  }
  std::vector<OptionGroup> groups() override { return {{"doctor", "What to try", visit_of(options_)}}; }
  bool may_be_cut_short() const override { return true; }
  int run(Session& session) override {
    std::vector<Finding> findings = examine_machine(options_.lid);
    if (!options_.model.empty())
      for (Finding& finding : examine_model(options_.model, devices(session.options())))
        findings.push_back(std::move(finding));
    bool healthy = true;
    for (const Finding& finding : findings) {
      std::printf("%-8s %-24s %s\n", mark_of(finding.verdict), finding.what.c_str(), finding.found.c_str());
      if (!finding.advice.empty()) std::printf("%-8s %-24s → %s\n", "", "", finding.advice.c_str());
      healthy = healthy && finding.verdict != Verdict::kProblem;
    }
    return healthy ? 0 : exit_code(ErrorKind::kUnsupported);
  }

 private:
  // Of several GPUs all, unless something else is said.
  std::vector<Placement> devices(const GlobalOptions& global) const {
    const bool is_open = options_.device_map.device_map.empty() && global.device == "auto";
    return is_open ? DeviceMapOption{"auto"}.devices(global) : options_.device_map.devices(global);
  }

  DoctorOptions options_;
};

}  // namespace

std::unique_ptr<Command> make_doctor_command() { return std::make_unique<DoctorCommand>(); }

}  // namespace xlt::cli
