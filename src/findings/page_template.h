// SPDX-License-Identifier: Apache-2.0
// Pages of HTML with their styles and scripts in them, made by src/cmake/pages.cmake, and how they are
// filled.
#pragma once

#include <string>

#include "xlt/base/json_fwd.h"

namespace xlt {

// "@TITLE@" and "@DATA@" stand where title and JSON go.
extern const char* const kPageTemplate;  // src/findings/report/page.html: of xlt report, with D3
extern const char* const kFormTemplate;  // src/findings/human/form.html: of xlt human export

// The page with title and data in it; neither can end the element that it stands in.
std::string filled_page(const char* page, const std::string& title, const Json& data);

}  // namespace xlt
