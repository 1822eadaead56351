// SPDX-License-Identifier: Apache-2.0
#include "text/chat_formats.h"

namespace xlt {

const char* mistral_chat_format() {
  return R"({%- set turns = namespace(system='', count=0, last=0) -%}
{%- for message in messages -%}
{%- if message['role'] == 'user' %}{% set turns.last = loop.index0 %}{% endif -%}
{%- endfor -%}
{{ bos_token }}
{%- for message in messages -%}
{%- if message['role'] == 'system' and loop.first -%}
{%- set turns.system = message['content'] + '\n\n' -%}
{%- else -%}
{%- if (message['role'] == 'user') != (turns.count % 2 == 0) -%}
{{ raise_exception('roles must alternate user, assistant, user, assistant, …') }}
{%- endif -%}
{%- if message['role'] == 'user' -%}
{{ '[INST] ' + (turns.system if loop.index0 == turns.last else '') + message['content'] + '[/INST]' }}
{%- else -%}
{{ ' ' + message['content'] + eos_token }}
{%- endif -%}
{%- set turns.count = turns.count + 1 -%}
{%- endif -%}
{%- endfor -%})";
}

}  // namespace xlt
