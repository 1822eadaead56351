// SPDX-License-Identifier: Apache-2.0
#include "scorers/web_client.h"

#include "xlt/base/error.h"

#ifdef XLT_HAVE_CURL

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>

#include <curl/curl.h>

namespace xlt {

namespace {

constexpr size_t kMostBytes = 1 << 20;  // of an answer; a score has a few hundred
constexpr double kLongestConnecting = 30;

// Throws kUsage for what no server can be asked at: asked again, it would be the same.
void check_address(const std::string& url) {
  constexpr const char* kExpected = "expected http://HOST/PATH or https://HOST/PATH";
  const bool is_web = url.starts_with("http://") || url.starts_with("https://");
  if (!is_web || url.substr(url.find("//") + 2).starts_with('/'))  // some libcurls take http:///HOST
    throw Error(ErrorKind::kUsage, str_cat("is no web address; ", kExpected), url);
  const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> parts(curl_url(), curl_url_cleanup);
  XLT_CHECK(parts != nullptr, "libcurl cannot be started");
  if (const CURLUcode code = curl_url_set(parts.get(), CURLUPART_URL, url.c_str(), 0); code != CURLUE_OK)
    throw Error(ErrorKind::kUsage, str_cat("is no web address (", curl_url_strerror(code), "); ", kExpected),
                url);
}

struct Received {
  std::string body;
  bool is_too_long = false;
};

size_t take(char* bytes, size_t size, size_t count, void* to) {
  auto& received = *static_cast<Received*>(to);
  received.is_too_long = received.body.size() + size * count > kMostBytes;
  if (received.is_too_long) return 0;  // ends the transfer
  received.body.append(bytes, size * count);
  return size * count;
}

// Called about once a second, whether or not anything comes; 1 ends the transfer.
int look_up(void* context, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<const Context*>(context)->interrupted() ? 1 : 0;
}

void start_curl() {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  XLT_CHECK(started == CURLE_OK, "libcurl cannot be started: ", curl_easy_strerror(started));
}

}  // namespace

struct WebClient::Handle {
  CURL* curl = curl_easy_init();
  curl_slist* headers = nullptr;
  std::array<char, CURL_ERROR_SIZE> words{};
  ~Handle() {
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
  }
};

WebClient::WebClient(const std::string& url, const std::vector<std::string>& headers, double timeout,
                     const Context& context)
    : context_(context) {
  check_address(url);
  start_curl();
  handle_ = std::make_unique<Handle>();
  CURL* curl = handle_->curl;
  XLT_CHECK(curl != nullptr, "libcurl cannot be started");
  for (const std::string& header : headers)
    handle_->headers = curl_slist_append(handle_->headers, header.c_str());
  const auto milliseconds = [](double seconds) { return static_cast<long>(std::ceil(seconds * 1000)); };
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_POST, 1L);
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, handle_->headers);
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "xlt");
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, milliseconds(timeout));
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, milliseconds(std::min(timeout, kLongestConnecting)));
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, handle_->words.data());
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, look_up);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &context_);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
}

WebClient::~WebClient() = default;

WebAnswer WebClient::post(std::string_view body) {
  CURL* curl = handle_->curl;
  Received received;
  handle_->words[0] = '\0';
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.data());
  curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &received);
  const CURLcode code = curl_easy_perform(curl);
  context_.throw_if_interrupted();
  WebAnswer answer;
  if (code != CURLE_OK) {
    answer.fault = handle_->words[0] != '\0' ? handle_->words.data() : curl_easy_strerror(code);
    if (received.is_too_long) answer.fault = str_cat("an answer of more than ", kMostBytes, " bytes");
    return answer;
  }
  curl_off_t wait = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer.status);
  curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &wait);
  answer.retry_after = static_cast<double>(std::max<curl_off_t>(0, wait));
  answer.body = std::move(received.body);
  return answer;
}

}  // namespace xlt

#else

namespace xlt {

struct WebClient::Handle {};

WebClient::WebClient(const std::string& url, const std::vector<std::string>&, double, const Context&) {
  throw Error(ErrorKind::kUsage,
              "this xlt was built without libcurl, so it asks no servers; install libcurl4-openssl-dev "
              "(Debian, Ubuntu), and configure and build again",
              url);
}
WebClient::~WebClient() = default;
WebAnswer WebClient::post(std::string_view) { return {}; }

}  // namespace xlt

#endif
