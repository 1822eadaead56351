// SPDX-License-Identifier: Apache-2.0
#include "text/chat_formats.h"

namespace xlt {

const char* command_r_chat_format() {
  return R"({%- set names = {'system': 'SYSTEM', 'user': 'USER', 'assistant': 'CHATBOT'} -%}
{{ bos_token }}
{%- for message in messages -%}
{%- if message['role'] not in names %}{{ raise_exception('unknown role ' + message['role']) }}{% endif -%}
{{ '<|START_OF_TURN_TOKEN|><|' + names[message['role']] + '_TOKEN|>' + message['content'] + '<|END_OF_TURN_TOKEN|>' }}
{%- endfor -%}
{%- if add_generation_prompt %}{{ '<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>' }}{% endif -%})";
}

}  // namespace xlt
