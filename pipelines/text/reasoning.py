"""Remove the reasoning that a model wrote before its answer.

Servers should return reasoning separately, but many leave it in the reply. The opening tag is often
missing, because the chat template already put it into the prompt.
"""

import re

_TAGS = (
    ("<think>", "</think>"),  # DeepSeek R1, Qwen 3
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),  # Gemini's API
    ("<reasoning>", "</reasoning>"),
    ("<seed:think>", "</seed:think>"),  # Seed-OSS
    ("[THINK]", "[/THINK]"),  # Magistral
    ("◁think▷", "◁/think▷"),  # Kimi-VL
    ("<|begin_of_thought|>", "<|end_of_thought|>"),  # Sky-T1, OpenThinker
    ("<|START_THINKING|>", "<|END_THINKING|>"),  # Command A
    ("<|channel|>analysis", "<|channel|>final<|message|>"),  # gpt-oss
)
_OPENING, _CLOSING = (
    re.compile("|".join(re.escape(pair[side]) for pair in _TAGS)) for side in (0, 1)
)
_WRAPPER = re.compile(
    r"\A\s*(?:<answer>|<\|begin_of_solution\|>|<\|START_RESPONSE\|>)"
    r"|(?:</answer>|<\|end_of_solution\|>|<\|END_RESPONSE\|>|<\|return\|>)\s*\Z"
)


def strip_reasoning(text: str) -> str:
    """Return the text without reasoning, or an empty string if there is nothing else.

    If the opening tag is missing, reasoning starts at the beginning of the text. If the closing tag
    is missing, reasoning extends to the end of the text.
    """
    if not _OPENING.search(text) and not _CLOSING.search(text):
        return text
    for opening, closing in _TAGS:
        before, *rest = text.split(opening)
        # The text continues after each closing tag, up to the next opening tag.
        text = before + "".join(part.partition(closing)[2] for part in rest)
        text = text.rpartition(closing)[2]
    return _WRAPPER.sub("", text).strip()
