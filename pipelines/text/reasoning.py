"""Remove the reasoning that a model wrote before its answer.

Servers should return reasoning separately, but many leave it in the text. Often it lacks the
opening tag, because the chat template already wrote that into the prompt.
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
    """The text without reasoning; empty if there's nothing else.

    Without its opening tag, reasoning starts with the text; without the closing one, it never ends.
    """
    if not _OPENING.search(text) and not _CLOSING.search(text):
        return text
    for opening, closing in _TAGS:
        before, *rest = text.split(opening)
        # What follows a tag's first end is text again, up to the tag's next start.
        text = before + "".join(part.partition(closing)[2] for part in rest)
        text = text.rpartition(closing)[2]
    return _WRAPPER.sub("", text).strip()
