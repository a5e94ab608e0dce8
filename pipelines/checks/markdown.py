"""Check that a text isn't formatted with Markdown, which doesn't occur in speech."""

import re

from db.records import CandidateKind
from pipelines.checks.check import CheckInput, Failure

_MARKDOWN = re.compile(
    r"^\s{0,3}(?:#{1,6}\s|[-*+]\s|\d+[.)]\s|>|```)|\*\*[^*]+\*\*|__[^_]+__|`[^`]+`"
    r"|\[[^\]]+\]\(|\|.*\|",
    re.MULTILINE,
)


def check_markdown(item: CheckInput) -> Failure | None:
    """Reject a text that contains Markdown, unless it is a document."""
    if item.candidate.kind is CandidateKind.DOCUMENT:
        return None
    match = _MARKDOWN.search(item.text)
    return Failure("markdown", f"“{match.group().strip()}”") if match else None
