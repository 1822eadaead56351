// SPDX-License-Identifier: Apache-2.0
#include "text/chat_formats.h"

namespace xlt {

const char* gemma_chat_format() {
  return R"({{- bos_token -}}
{%- set turns = namespace(system='', count=0) -%}
{%- for message in messages -%}
{%- if message['role'] == 'system' -%}
{%- if turns.count > 0 %}{{ raise_exception('a system text may only be the first') }}{% endif -%}
{%- set turns.system = turns.system + message['content'] + '\n\n' -%}
{%- else -%}
{%- if (message['role'] == 'user') != (turns.count % 2 == 0) -%}
{{ raise_exception('roles must alternate user, assistant, user, assistant, …') }}
{%- endif -%}
{{ '<start_of_turn>' + ('model' if message['role'] == 'assistant' else message['role']) + '\n' }}
{{- turns.system }}{{ message['content'] | trim }}{{ '<end_of_turn>\n' }}
{%- set turns.system = '' -%}
{%- set turns.count = turns.count + 1 -%}
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif -%})";
}

}  // namespace xlt
