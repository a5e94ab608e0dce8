"""Whether a text refuses to answer, or speaks as a language model."""

import re

from pipelines.checks.check import CheckInput, Failure

_REFUSALS = (
    "as an? (?:ai|artificial intelligence|(?:large )?language model)",
    "i(?:'m| am) (?:just )?an? (?:ai|language model)",
    "i(?:'m| am) (?:sorry|afraid),? but i (?:can't|cannot|am not able)",
    "i (?:can't|cannot|won't) (?:help|assist|answer|provide|comply)",
    "my (?:training data|knowledge cutoff)",
    "(?:the|this) passage (?:does not|doesn't) (?:say|mention)",
)
_REFUSAL = re.compile(rf"\b(?:{'|'.join(_REFUSALS)})\b", re.IGNORECASE)


def check_refusal(item: CheckInput) -> Failure | None:
    """Reject a text with a phrase such as “as an AI”."""
    match = _REFUSAL.search(item.text)
    return Failure("refusal", f"“{match.group()}”") if match else None
