"""What gives a text away as no spoken answer: formatting, refusals, the voice of a model."""

import re

_MARKDOWN = re.compile(
    r"^\s{0,3}(?:#{1,6}\s|[-*+]\s|\d+[.)]\s|>|```)|\*\*[^*]+\*\*|__[^_]+__|`[^`]+`"
    r"|\[[^\]]+\]\(|\|.*\|",
    re.MULTILINE,
)
_REFUSALS = (
    "as an? (?:ai|artificial intelligence|(?:large )?language model)",
    "i(?:'m| am) (?:just )?an? (?:ai|language model)",
    "i(?:'m| am) (?:sorry|afraid),? but i (?:can't|cannot|am not able)",
    "i (?:can't|cannot|won't) (?:help|assist|answer|provide|comply)",
    "my (?:training data|knowledge cutoff)",
    "(?:the|this) passage (?:does not|doesn't) (?:say|mention)",
)
_REFUSAL = re.compile(rf"\b(?:{'|'.join(_REFUSALS)})\b", re.IGNORECASE)


def markdown(text: str) -> str:
    """The first piece of formatting in a text, empty if there is none."""
    return found.group().strip() if (found := _MARKDOWN.search(text)) else ""


def refusal(text: str) -> str:
    """The words that refuse to answer or speak as a model, empty if there are none."""
    return found.group() if (found := _REFUSAL.search(text)) else ""
