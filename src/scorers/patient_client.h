// SPDX-License-Identifier: Apache-2.0
// Asks a server as often as it takes, up to a bound: no faster than allowed, with growing waits after
// failures that may pass, and as late as the server says.
#pragma once

#include "scorers/web_client.h"

#include <cstdint>

#include "xlt/base/rng.h"

namespace xlt {

struct Patience {
  double answer_seconds;  // for one answer
  double longest_wait;    // seconds that a server may ask for (Retry-After)
  double rate;            // requests a second; 0: as fast as it answers
  int64_t retries;        // of one request
};

// Whether the same request may yet be answered: nothing whole came, or 408, 425, 429, 500, 502, 503, 504.
bool may_pass(const WebAnswer& answer);
// Seconds before the next try, when `num_tries` were made: 0.25 that doubles with each, at most 60, half of
// it drawn (`uniform`, 0 … 1) so that many clients do not return at once; no less than `retry_after`.
double wait_before_retry(int64_t num_tries, double retry_after, double uniform);

// One thread.
class PatientClient {
 public:
  PatientClient(const std::string& url, const std::vector<std::string>& headers, const Patience& patience,
                const Context& context);
  // The first answer that is not one that may pass; after the last retry an answer of status 0, whose fault
  // says what came of them all. Throws kIo where the server asks to wait longer than it may,
  // kInterrupted.
  WebAnswer ask(std::string_view body);

 private:
  void wait_until(double time) const;
  std::string url_;
  Patience patience_;
  Context context_;
  WebClient client_;
  Rng rng_;
  double next_start_ = 0;  // monotonic seconds
};

}  // namespace xlt
