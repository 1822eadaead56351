// SPDX-License-Identifier: Apache-2.0
// One bar for work made of works: while the bar called `whole` is drawn, the bars of what it calls become its
// note.
//
//   NestedProgress nested(context.progress_sink, "evaluating");
//   context.progress_sink = &nested;       // "evaluating [==   ] 12/60 cells, 0.4/s, rtp_lx fr: generating 34/80"
//
#pragma once

#include <string>

#include "xlt/base/context.h"

namespace xlt {

class NestedProgress final : public ProgressSink {
 public:
  NestedProgress(ProgressSink* sink, std::string whole) : sink_(sink), whole_(std::move(whole)) {}
  void draw(const std::string& title, int64_t done, int64_t total, const std::string& unit,
            const std::string& note, double seconds) override;
  void end(const std::string& title, int64_t done, const std::string& unit, double seconds) override;

 private:
  ProgressSink* sink_;  // may be null: nothing is drawn
  std::string whole_, unit_, note_;
  bool is_open_ = false;
  int64_t done_ = 0, total_ = 0;
  double begun_ = 0;
};

}  // namespace xlt
