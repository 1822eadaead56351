// SPDX-License-Identifier: Apache-2.0
#include "text/chat_formats.h"

namespace xlt {

const char* chatml_chat_format() {
  return R"({%- for message in messages -%}
{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}
{%- endfor -%}
{%- if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif -%})";
}

}  // namespace xlt
