// SPDX-License-Identifier: Apache-2.0
#include "xlt/base/nested_progress.h"

namespace xlt {

void NestedProgress::draw(const std::string& title, int64_t done, int64_t total, const std::string& unit,
                          const std::string& note, double seconds) {
  if (!sink_) return;
  if (title == whole_) {
    is_open_ = true;
    done_ = done;
    total_ = total;
    unit_ = unit;
    note_ = note;
    begun_ = monotonic_seconds() - seconds;
  }
  if (title == whole_ || !is_open_) {
    sink_->draw(title, done, total, unit, note, seconds);
    return;
  }
  std::string inner = note_.empty() ? title : note_ + ": " + title;
  inner += " " + std::to_string(done);
  if (total > 0) inner += "/" + std::to_string(total);
  sink_->draw(whole_, done_, total_, unit_, inner, monotonic_seconds() - begun_);
}

void NestedProgress::end(const std::string& title, int64_t done, const std::string& unit, double seconds) {
  if (!sink_) return;
  if (title == whole_) is_open_ = false;
  if (!is_open_) sink_->end(title, done, unit, seconds);
}

}  // namespace xlt
