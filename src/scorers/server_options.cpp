// SPDX-License-Identifier: Apache-2.0
#include "xlt/scorers/server_options.h"

namespace xlt {

void visit_scorer_server(OptionVisitor& v, double& scorer_timeout, double& scorer_rate,
                         int64_t& scorer_retries) {
  v.field(
      "scorer_timeout", scorer_timeout,
      "seconds for which a scorer's program may be silent; a server gets as many for an answer, at most 60",
      more_than(0));
  v.field("scorer_rate", scorer_rate, "most requests a second to a scorer's server; 0: as fast as it answers",
          between(0, 1e6));
  v.field("scorer_retries", scorer_retries,
          "how often a scorer's server is asked again about one text, with growing waits, or as late as it "
          "says (Retry-After)",
          between(0, 100));
}

}  // namespace xlt
