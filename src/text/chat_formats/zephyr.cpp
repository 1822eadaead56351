// SPDX-License-Identifier: Apache-2.0
#include "text/chat_formats.h"

namespace xlt {

const char* zephyr_chat_format() {
  return R"({%- set heads = {'system': '<|system|>', 'user': '<|user|>', 'assistant': '<|assistant|>'} -%}
{%- for message in messages -%}
{%- if message['role'] not in heads %}{{ raise_exception('unknown role ' + message['role']) }}{% endif -%}
{{ heads[message['role']] + '\n' + message['content'] + eos_token + '\n' }}
{%- endfor -%}
{%- if add_generation_prompt %}{{ '<|assistant|>\n' }}{% endif -%})";
}

}  // namespace xlt
