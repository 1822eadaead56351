// SPDX-License-Identifier: Apache-2.0
// Posts JSON to one address, over HTTP or HTTPS (libcurl). Redirections are not followed: what was meant for
// one server goes to no other.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "xlt/base/context.h"

namespace xlt {

struct WebAnswer {
  long status = 0;          // HTTP's; 0: no whole answer came, and `fault` says why
  std::string body, fault;  // `fault` in words: "Connection refused"
  double retry_after = 0;   // seconds that the server asks to wait (Retry-After); 0: it asks for nothing
};

// One thread.
class WebClient {
 public:
  // `headers`: "Name: value". `timeout`: seconds for one answer, connecting included. Throws kUsage for an
  // address that is neither http:// nor https://, and where xlt was built without libcurl.
  WebClient(const std::string& url, const std::vector<std::string>& headers, double timeout,
            const Context& context);
  ~WebClient();
  WebClient(const WebClient&) = delete;
  WebClient& operator=(const WebClient&) = delete;
  // Throws kInterrupted when asked to stop.
  WebAnswer post(std::string_view body);

 private:
  struct Handle;
  std::unique_ptr<Handle> handle_;
  Context context_;
};

}  // namespace xlt
