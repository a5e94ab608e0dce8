"""Steps for conversations of several turns, whose questions are rows of their own in between."""

from collections.abc import Iterable
from itertools import groupby
from typing import Any

from distilabel.steps.base import Step, StepInput

from pipelines.tasks import Row

_EXCHANGE = ("question", "plain_answer", "answer", "is_kept")
_TOKENS = ("input_tokens", "output_tokens")


def format_turns(exchanges: Iterable[tuple[str, str]]) -> str:
    """Questions and answers as lines that start with `User:` and `Assistant:`."""
    return "\n".join(f"User: {question}\nAssistant: {answer}" for question, answer in exchanges)


class SplitTurns(Step):
    """Splits a row with `exchanges` into a row per exchange; others stay as they are.

    If a check rejected the text, every answer is requested again, except those that are kept.
    """

    @property
    def inputs(self) -> list[str]:
        """The input column."""
        return ["subject"]

    @property
    def outputs(self) -> list[str]:
        """The columns of an exchange."""
        return ["question", "plain_answer", "answer"]

    def process(self, inputs: StepInput) -> Any:
        """Copy each row with `exchanges` once per exchange."""
        yield [part for row in inputs for part in _split(row)]


def _split(row: Row) -> list[Row]:
    fault = row.get("fault")
    parts = []
    for exchange in row.get("exchanges") or []:
        part = {**row, **exchange, "exchanges": None, "input_tokens": 0, "output_tokens": 0}
        part["questions"] = [exchange["question"]] if exchange["question"] else None
        part["rejection"] = None
        if fault and fault["is_whole"] and not exchange["is_kept"]:
            part |= {"answer": None, "fault": {**fault, "text": exchange["answer"]}}
        parts.append(part)
    return parts or [row]


class AddContext(Step):
    """Adds the questions and plain answers before each question of the same subject."""

    @property
    def inputs(self) -> list[str]:
        """The input columns."""
        return ["subject", "question", "plain_answer"]

    @property
    def outputs(self) -> list[str]:
        """The new column, which contains the turns before."""
        return ["context"]

    def process(self, inputs: StepInput) -> Any:
        """Add the column to each row."""
        rows = []
        for _, group in groupby(inputs, key=_subject):
            before: list[tuple[str, str]] = []
            for row in group:
                rows.append({**row, "context": format_turns(before)})
                before.append((row["question"] or "", row["plain_answer"] or ""))
        yield rows


class JoinTurns(Step):
    """Joins the rows of a subject into one with all exchanges, or with the first rejection."""

    @property
    def inputs(self) -> list[str]:
        """The input columns."""
        return ["subject", "question", "plain_answer", "answer"]

    @property
    def outputs(self) -> list[str]:
        """The new column, which contains the exchanges in order."""
        return ["exchanges"]

    def process(self, inputs: StepInput) -> Any:
        """Return one row per subject."""
        yield [_join([*group]) for _, group in groupby(inputs, key=_subject)]


def _subject(row: Row) -> str:
    return str(row["subject"])


def _join(rows: list[Row]) -> Row:
    rejection = next((row["rejection"] for row in rows if row["rejection"]), None)
    exchanges = [{name: row.get(name) for name in _EXCHANGE} for row in rows]
    tokens = {name: sum(row.get(name, 0) for row in rows) for name in _TOKENS}
    return {**rows[-1], **tokens, "rejection": rejection, "exchanges": exchanges}
