"""Markdown: forbidden, or required."""

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
    """Whether headings, lists, emphasis, code, links and tables must or must not occur."""

    def __init__(self, rule: MarkdownRule) -> None:
        """Apply a rule other than `allowed`, which requires nothing."""
        self.rule = rule

    def find_problem(self, language: str) -> str:
        """Return nothing: Markdown is the same in every language."""
        return ""

    def describe(self) -> str:
        """Return the rule in words."""
        return "Markdown instead of plain sentences" if self.rule == "required" else "no Markdown"

    def score(self, text: str, language: str) -> Score:
        """Return the number of marks."""
        marks = [match.group().strip() for match in _MARKDOWN.finditer(text)]
        is_met = bool(marks) == (self.rule == "required")
        detail = f"it has the Markdown “{marks[0]}”" if marks else "it has no Markdown"
        is_forbidden = bool(marks) and not is_met
        return Score(is_met, float(len(marks)), "" if is_met else detail, is_forbidden)
