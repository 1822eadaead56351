// SPDX-License-Identifier: Apache-2.0
#include "xlt/run/training_checks.h"

#include "run/train_run_options.h"
#include "run/watch.h"

#include "xlt/base/error.h"
#include "xlt/base/file.h"

namespace xlt {

void check_training_options(const TrainRunOptions& options) {
  check_combination(options);
  for (const fs::path& file : watched_files(options))
    if (!fs::is_regular_file(file))
      throw Error(ErrorKind::kIo, "no such file, and the training is to look at it on its way",
                  file.string());
  monitored_texts(options);
}

}  // namespace xlt
