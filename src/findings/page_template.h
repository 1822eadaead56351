// SPDX-License-Identifier: Apache-2.0
// src/findings/report/page.html with its style, script and D3 in it; made by src/cmake/report_page.cmake.
#pragma once

namespace xlt {

// "@TITLE@" and "@DATA@" stand where title and JSON go.
extern const char* const kPageTemplate;

}  // namespace xlt
