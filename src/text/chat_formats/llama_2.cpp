// SPDX-License-Identifier: Apache-2.0
#include "text/chat_formats.h"

namespace xlt {

const char* llama_2_chat_format() {
  return R"({%- set turns = namespace(system='', count=0) -%}
{%- for message in messages -%}
{%- if message['role'] == 'system' and loop.first -%}
{%- set turns.system = '<<SYS>>\n' + message['content'] + '\n<</SYS>>\n\n' -%}
{%- else -%}
{%- if (message['role'] == 'user') != (turns.count % 2 == 0) -%}
{{ raise_exception('roles must alternate user, assistant, user, assistant, …') }}
{%- endif -%}
{%- if message['role'] == 'user' -%}
{{ bos_token + '[INST] ' + (turns.system + message['content']) | trim + ' [/INST]' }}
{%- else -%}
{{ ' ' + message['content'] | trim + ' ' + eos_token }}
{%- endif -%}
{%- set turns.system = '' -%}
{%- set turns.count = turns.count + 1 -%}
{%- endif -%}
{%- endfor -%})";
}

}  // namespace xlt
