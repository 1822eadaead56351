// SPDX-License-Identifier: Apache-2.0
// What a command is handed: resolved options, where to run, whom to tell.
#pragma once

#include "cli/global_options.h"

#include "xlt/base/context.h"
#include "xlt/base/json.h"

namespace xlt::cli {

class Session {
 public:
  Session(const GlobalOptions& options, Json config, Context context)
      : options_(options), config_(std::move(config)), context_(context) {}
  const GlobalOptions& options() const { return options_; }
  Placement placement() const { return options_.placement(); }
  uint64_t seed() const { return static_cast<uint64_t>(options_.seed); }
  const Json& config() const { return config_; }  // {"command", every resolved option}
  const Context& context() const { return context_; }

 private:
  const GlobalOptions& options_;
  Json config_;
  Context context_;
};

}  // namespace xlt::cli
