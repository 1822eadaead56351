# SPDX-License-Identifier: Apache-2.0
"""Conversations and chat templates for chat_parity.py. The templates behave as those that the named models carry, and are written anew here."""


def user(text):
    return {"role": "user", "content": text}


def assistant(text, **more):
    return {"role": "assistant", "content": text, **more}


def system(text):
    return {"role": "system", "content": text}


CONVERSATIONS = [
    [user("Hello")],
    [user("Hello"), assistant("Hi there!"), user("How are you?")],
    [user("Hello"), assistant("Hi there!")],
    [system("Be kind."), user("Hello")],
    [system("Be kind."), user("Hi"), assistant("Yo"), user("And?"), assistant("ok")],
    [system("Be kind."), user("Hi"), assistant("Yo"), user("And?")],
    [user("1"), assistant("2"), user("3"), assistant("4"), user("5"), assistant("6")],
    [user("  spaces around \n")],
    [system("  s  "), user("\n\nx\n"), assistant(" y "), user("z ")],
    [user("no-break\u00a0space\u00a0")],
    [user("\u3000ideographic\u3000"), assistant("\u2003em\u2003"), user("\x1cseparators\x1f\x85")],
    [user("")],
    [user("a"), assistant("")],
    [system(""), user("x")],
    [user("a"), user("b")],
    [assistant("first")],
    [assistant("first"), user("second")],
    [system("only")],
    [system("one"), system("two"), user("u")],
    [user("a"), assistant("b"), system("late"), user("c")],
    [system("s"), assistant("greeting"), user("x")],
    [user("a"), assistant("b"), assistant("c")],
    [user("Привет 👋🏽 नमस्ते"), assistant("ქართული ภาษาไทย"), user("中文。")],
    [user("ſtraße ÀÉÎ e\u0301 \u200d 👩‍👩‍👧‍👦")],
    [user("quotes \" and ' and \\ and\ttab")],
    [user("{{ 1 + 1 }} {% if x %} {# no #}")],
    [user("<s>[INST] <bos><|begin_of_text|></s>")],
    [user("<think>x</think> y"), assistant("<think>\nhm\n</think>\n\nanswer"), user("next")],
    [user("a"), assistant("<think>r</think>b"), user("c"), assistant("<think>q</think>d")],
    [user("a"), assistant("b", reasoning_content="why"), user("c")],
    [user("a"), assistant("b", reasoning_content=None), user("c")],
    [{"role": "developer", "content": "d"}, user("u")],
    [{"role": "user", "content": "n", "name": "Ada"}],
    [user("long " * 300)],
    [user("line\r\nline\n\n\nline")],
]

# Roles that alternate, with the system text of the first message as `system` (None where there is none) and the others as `rest`.
ALTERNATING = """{%- if messages[0]['role'] == 'system' -%}
{%- set system = messages[0]['content'] -%}{%- set rest = messages[1:] -%}
{%- else -%}
{%- set system = none -%}{%- set rest = messages -%}
{%- endif -%}
"""
MUST_ALTERNATE = """{%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) -%}
{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}
{%- endif -%}
"""

TEMPLATES = {
    "aya-23": "{{ bos_token }}" + ALTERNATING + """
{%- if system is not none %}{{ '<|START_OF_TURN_TOKEN|><|SYSTEM_TOKEN|>' + system + '<|END_OF_TURN_TOKEN|>' }}{% endif -%}
{%- for message in rest -%}
""" + MUST_ALTERNATE + """
{%- set content = message['content'] -%}
{%- if message['role'] == 'user' -%}
{{ '<|START_OF_TURN_TOKEN|><|USER_TOKEN|>' + content.strip() + '<|END_OF_TURN_TOKEN|>' }}
{%- elif message['role'] == 'assistant' -%}
{{ '<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>' + content.strip() + '<|END_OF_TURN_TOKEN|>' }}
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt %}{{ '<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>' }}{% endif %}""",
    "eurollm": """{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}{% endfor %}
{%- if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}""",
    "gemma-1": """{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}
{%- for message in messages %}""" + MUST_ALTERNATE + """
{%- if message['role'] == 'assistant' %}{% set role = 'model' %}{% else %}{% set role = message['role'] %}{% endif -%}
{{ '<start_of_turn>' + role + '\n' + message['content'] | trim + '<end_of_turn>\n' }}{% endfor -%}
{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}""",
    "gemma-3": """{{ bos_token }}
{%- if messages[0]['role'] == 'system' -%}
    {%- if messages[0]['content'] is string -%}
        {%- set first_user_prefix = messages[0]['content'] + '\n\n' -%}
    {%- else -%}
        {%- set first_user_prefix = messages[0]['content'][0]['text'] + '\n\n' -%}
    {%- endif -%}
    {%- set loop_messages = messages[1:] -%}
{%- else -%}
    {%- set first_user_prefix = "" -%}
    {%- set loop_messages = messages -%}
{%- endif -%}
{%- for message in loop_messages -%}
    """ + MUST_ALTERNATE + """
    {%- if (message['role'] == 'assistant') -%}{%- set role = "model" -%}{%- else -%}{%- set role = message['role'] -%}{%- endif -%}
    {{ '<start_of_turn>' + role + '\n' + (first_user_prefix if loop.first else "") }}
    {%- if message['content'] is string -%}
        {{ message['content'] | trim }}
    {%- elif message['content'] is iterable -%}
        {%- for item in message['content'] -%}
            {%- if item['type'] == 'text' -%}{{ item['text'] | trim }}{%- endif -%}
        {%- endfor -%}
    {%- else -%}
        {{ raise_exception("Invalid content type") }}
    {%- endif -%}
    {{ '<end_of_turn>\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}
    {{'<start_of_turn>model\n'}}
{%- endif -%}
""",
    "llama-2": ALTERNATING + """{%- for message in rest -%}
""" + MUST_ALTERNATE + """
{%- if loop.index0 == 0 and system is not none -%}
{%- set content = '<<SYS>>\n' + system + '\n<</SYS>>\n\n' + message['content'] -%}
{%- else -%}
{%- set content = message['content'] -%}
{%- endif -%}
{%- if message['role'] == 'user' -%}
{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}
{%- elif message['role'] == 'assistant' -%}
{{ ' ' + content.strip() + ' ' + eos_token }}
{%- endif -%}
{%- endfor -%}""",
    "llama-3": """{% set loop_messages = messages %}{% for message in loop_messages %}
{%- set content = '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n' + message['content'] | trim + '<|eot_id|>' %}
{%- if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}{{ content }}{% endfor %}
{%- if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}""",
    "mistral-v1": """{{ bos_token }}{% for message in messages %}""" + MUST_ALTERNATE + """
{%- if message['role'] == 'user' %}{{ '[INST] ' + message['content'] + ' [/INST]' }}
{%- elif message['role'] == 'assistant' %}{{ message['content'] + eos_token + ' ' }}
{%- else %}{{ raise_exception('Only user and assistant roles are supported!') }}{% endif %}{% endfor %}""",
    "mistral-v3": ALTERNATING + """{%- set ns = namespace() -%}
{%- set ns.index = 0 -%}
{%- for message in rest -%}
    {%- if not (message.role == "tool" or message.role == "tool_results" or (message.tool_calls is defined and message.tool_calls is not none)) -%}
        {%- if (message["role"] == "user") != (ns.index % 2 == 0) -%}
            {{- raise_exception("After the optional system message, conversation roles must alternate user/assistant/user/assistant/...") -}}
        {%- endif -%}
        {%- set ns.index = ns.index + 1 -%}
    {%- endif -%}
{%- endfor -%}
{{- bos_token -}}
{%- for message in rest -%}
    {%- if message["role"] == "user" -%}
        {%- if loop.last and system is not none -%}
            {{- "[INST] " + system + "\n\n" + message["content"] + "[/INST]" -}}
        {%- else -%}
            {{- "[INST] " + message["content"] + "[/INST]" -}}
        {%- endif -%}
    {%- elif message["role"] == "assistant" -%}
        {{- " " + message["content"] | trim + eos_token -}}
    {%- endif -%}
{%- endfor -%}
""",
    "mistral-v7": """{{ bos_token }}
{%- for message in messages -%}
{%- if message['role'] == 'user' -%}{{ '[INST]' + message['content'] + '[/INST]' }}
{%- elif message['role'] == 'system' -%}{{ '[SYSTEM_PROMPT]' + message['content'] + '[/SYSTEM_PROMPT]' }}
{%- elif message['role'] == 'assistant' -%}{{ message['content'] + eos_token }}
{%- else -%}{{ raise_exception('Only user, system and assistant roles are supported!') }}
{%- endif -%}
{%- endfor -%}""",
    "qwen-2": """{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}
{{- '<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n' }}{% endif %}
{{- '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}{% endfor %}
{%- if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}""",
    "smollm-2": """{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}
{{- '<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n' }}{% endif %}
{{- '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}{% endfor %}
{%- if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}""",
    "zephyr": """{% for message in messages %}
{% if message['role'] == 'user' %}
{{ '<|user|>\n' + message['content'] + eos_token }}
{% elif message['role'] == 'system' %}
{{ '<|system|>\n' + message['content'] + eos_token }}
{% elif message['role'] == 'assistant' %}
{{ '<|assistant|>\n'  + message['content'] + eos_token }}
{% endif %}
{% if loop.last and add_generation_prompt %}
{{ '<|assistant|>' }}
{% endif %}
{% endfor %}""",
}

# Published templates among the sources of the Jinja engine (scripts/setup.sh), of the families that xlt runs.
PUBLISHED = ["CohereForAI-c4ai-command-r7b-12-2024-tool_use", "HuggingFaceTB-SmolLM3-3B",
             "Mistral-Small-3.2-24B-Instruct-2506", "Qwen-Qwen2.5-7B-Instruct", "Qwen-Qwen3-0.6B", "google-gemma-2-2b-it",
             "meta-llama-Llama-3.1-8B-Instruct", "meta-llama-Llama-3.2-3B-Instruct", "meta-llama-Llama-3.3-70B-Instruct",
             "microsoft-Phi-3.5-mini-instruct", "mistralai-Mistral-Nemo-Instruct-2407"]

# Formats that --chat-template names → the template above or published that they have to agree with, and for what: a format may accept more.
FORMATS = {"chatml": "eurollm", "command-r": "aya-23", "gemma": "gemma-3", "llama-2": "llama-2", "llama-3": "llama-3", "mistral": "mistral-v3",
           "phi-3": "microsoft-Phi-3.5-mini-instruct", "zephyr": "zephyr"}
