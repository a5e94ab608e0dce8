"""Check whether a text contains Markdown, which can be forbidden or required."""

import re
from typing import Literal

from evaluation.scorers.scorer import Score

MarkdownRule = Literal["allowed", "forbidden", "required"]
_MARKDOWN = re.compile(
    r"^\s{0,3}(?:#{1,6}\s|[-*+]\s|\d+[.)]\s|>|```)|\*\*[^*]+\*\*|__[^_]+__|`[^`]+`"
    r"|\[[^\]]+\]\(|\|.*\|",
    re.MULTILINE,
)


class MarkdownCriterion:
    """A rule that Markdown, such as headings or lists, must or must not occur in a text."""

    def __init__(self, rule: MarkdownRule) -> None:
        """Create a criterion for the rule `required` or `forbidden`."""
        self.rule = rule

    def find_problem(self, language: str) -> str:
        """Return an empty string, because Markdown is the same in every language."""
        return ""

    def describe(self) -> str:
        """Describe the rule in words, for example as `no Markdown`."""
        return "Markdown instead of plain sentences" if self.rule == "required" else "no Markdown"

    def score(self, text: str, language: str) -> Score:
        """Score a text by its number of Markdown elements."""
        marks = [match.group().strip() for match in _MARKDOWN.finditer(text)]
        is_met = bool(marks) == (self.rule == "required")
        detail = f"it has the Markdown “{marks[0]}”" if marks else "it has no Markdown"
        is_forbidden = bool(marks) and not is_met
        return Score(is_met, float(len(marks)), "" if is_met else detail, is_forbidden)
