"""Whether a text is formatted with Markdown, which nobody says aloud."""

import re

from db.records import CandidateKind
from pipelines.checks.check import CheckInput, Failure

_MARKDOWN = re.compile(
    r"^\s{0,3}(?:#{1,6}\s|[-*+]\s|\d+[.)]\s|>|```)|\*\*[^*]+\*\*|__[^_]+__|`[^`]+`"
    r"|\[[^\]]+\]\(|\|.*\|",
    re.MULTILINE,
)


def check_markdown(item: CheckInput) -> Failure | None:
    """Reject a text with Markdown; documents may have it."""
    if item.candidate.kind is CandidateKind.DOCUMENT:
        return None
    match = _MARKDOWN.search(item.text)
    return Failure("markdown", f"“{match.group().strip()}”") if match else None
