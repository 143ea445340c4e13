"""Chat templates for models that bring none, chosen by the control tokens in their vocabulary.

Each is written after the format that the family's maker documents.
"""

from __future__ import annotations

from collections.abc import Collection

CHATML = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
GEMMA = (
    "{{ bos_token }}"
    "{% for message in messages %}"
    "{% if message['role'] == 'system' %}{{ raise_exception('there is no system role') }}{% endif %}"
    "{% set role = 'model' if message['role'] == 'assistant' else message['role'] %}"
    "{{ '<start_of_turn>' + role + '\n' + message['content'] + '<end_of_turn>\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}"
)
LLAMA3 = (
    "{{ bos_token }}"
    "{% for message in messages %}"
    "{{ '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n' + message['content'] + '<|eot_id|>' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}"
)
PHI = (
    "{% for message in messages %}"
    "{{ '<|' + message['role'] + '|>\n' + message['content'] + '<|end|>\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% endif %}"
)
INSTRUCTION = (
    "{{ bos_token }}"
    "{% for message in messages %}"
    "{% if message['role'] == 'system' %}{{ raise_exception('there is no system role') }}"
    "{% elif message['role'] == 'assistant' %}{{ ' ' + message['content'] + eos_token }}"
    "{% else %}{{ '[INST] ' + message['content'] + ' [/INST]' }}{% endif %}"
    "{% endfor %}"
)
PLAIN = (
    "{% for message in messages %}"
    "{% if message['role'] == 'system' %}{{ message['content'] + '\n\n' }}"
    "{% else %}{{ message['role'].capitalize() + ': ' + message['content'] + '\n' }}{% endif %}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}"
)

_BY_TOKEN = {
    "<|im_start|>": ("ChatML", CHATML),
    "<start_of_turn>": ("Gemma", GEMMA),
    "<|start_header_id|>": ("Llama 3", LLAMA3),
    "<|assistant|>": ("Phi", PHI),
    "[INST]": ("Mistral", INSTRUCTION),
}


def builtin_template(tokens: Collection[str], architecture: str) -> tuple[str, str]:
    """The name and source of the format that suits a vocabulary and an architecture best."""
    for token, found in _BY_TOKEN.items():
        if token in tokens:
            return found
    # Llama 2 and the first Mistral write [INST] in plain letters.
    return ("Llama 2", INSTRUCTION) if architecture == "llama" and "<0x0A>" in tokens else ("plain", PLAIN)
