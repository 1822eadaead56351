// SPDX-License-Identifier: Apache-2.0
#include "text/chat_formats.h"

namespace xlt {

const char* phi_3_chat_format() {
  return R"({%- for message in messages -%}
{{ '<|' + message['role'] + '|>\n' + message['content'] + '<|end|>\n' }}
{%- endfor -%}
{{ '<|assistant|>\n' if add_generation_prompt else eos_token }})";
}

}  // namespace xlt
