// SPDX-License-Identifier: Apache-2.0
#include "scorers/patient_client.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <thread>

#include <unistd.h>

#include "xlt/base/error.h"

namespace xlt {

namespace {

constexpr double kFirstWait = 0.25, kLongestWait = 60;  // seconds
constexpr std::array<long, 7> kPassing = {408, 425, 429, 500, 502, 503, 504};

// Waits are no part of any result: processes that were started together shall not draw the same ones.
uint64_t own_seed() { return hash64(str_cat(::getpid(), " ", monotonic_seconds())); }

std::string words_of(const WebAnswer& answer) {
  return answer.status == 0 ? answer.fault : str_cat("status ", answer.status);
}

}  // namespace

bool may_pass(const WebAnswer& answer) {
  return answer.status == 0 || std::find(kPassing.begin(), kPassing.end(), answer.status) != kPassing.end();
}

double wait_before_retry(int64_t num_tries, double retry_after, double uniform) {
  const double longest = std::min(
      kLongestWait, kFirstWait * std::exp2(static_cast<double>(std::min<int64_t>(num_tries, 60) - 1)));
  return std::max(retry_after, longest * (1 + uniform) / 2);
}

PatientClient::PatientClient(const std::string& url, const std::vector<std::string>& headers,
                             const Patience& patience, const Context& context)
    : url_(url),
      patience_(patience),
      context_(context),
      client_(url, headers, patience.answer_seconds, context),
      rng_(own_seed()) {}

WebAnswer PatientClient::ask(std::string_view body) {
  for (int64_t num_tries = 1;; ++num_tries) {
    wait_until(next_start_);
    if (patience_.rate > 0) next_start_ = monotonic_seconds() + 1 / patience_.rate;
    WebAnswer answer = client_.post(body);
    if (!may_pass(answer)) return answer;
    if (answer.retry_after > patience_.longest_wait)
      throw Error(ErrorKind::kIo,
                  str_cat("asks to be left alone for ", answer.retry_after, " seconds, longer than ",
                          patience_.longest_wait,
                          " (--scorer-timeout); what it has scored is kept, so run again then"),
                  url_);
    if (num_tries > patience_.retries)
      return {0, "", str_cat("the server gave no answer in ", num_tries, " tries: ", words_of(answer))};
    const double wait = wait_before_retry(num_tries, answer.retry_after, rng_.uniform());
    context_.debug(str_cat(url_, ": ", words_of(answer), "; asked again in ", wait, " seconds"));
    next_start_ = std::max(next_start_, monotonic_seconds() + wait);
  }
}

void PatientClient::wait_until(double time) const {
  constexpr double kLongestSleep = 0.05;  // so that an interruption is heard
  for (double rest = time - monotonic_seconds(); rest > 0; rest = time - monotonic_seconds()) {
    context_.throw_if_interrupted();
    std::this_thread::sleep_for(std::chrono::duration<double>(std::min(rest, kLongestSleep)));
  }
}

}  // namespace xlt
