"""Check that a text doesn't refuse to answer or speak as a language model."""

import re

from pipelines.checks.check import CheckInput, Failure
from pipelines.text.words import load_lexicon

_REFUSAL = re.compile(rf"\b(?:{'|'.join(load_lexicon(__name__).phrases)})\b", re.IGNORECASE)


def check_refusal(item: CheckInput) -> Failure | None:
    """Reject a text that contains a phrase such as “as an AI”."""
    match = _REFUSAL.search(item.text)
    return Failure("refusal", f"“{match.group()}”") if match else None
