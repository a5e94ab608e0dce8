"""Pipeline steps that split a conversation into one row per question, and join the rows again."""

from collections.abc import Iterable
from itertools import groupby
from typing import Any

from distilabel.steps.base import Step, StepInput

from pipelines.tasks import Row

_EXCHANGE = ("question", "plain_answer", "answer", "is_kept")
_TOKENS = ("input_tokens", "output_tokens")


def format_turns(exchanges: Iterable[tuple[str, str]]) -> str:
    """Format questions and answers as lines that start with `User:` and `Assistant:`."""
    return "\n".join(f"User: {question}\nAssistant: {answer}" for question, answer in exchanges)


class SplitTurns(Step):
    """Splits each row with `exchanges` into one row per exchange, and passes on all other rows.

    If a check rejected the whole text, every answer is requested again, except for answers that are
    copied from the original chat.
    """

    @property
    def inputs(self) -> list[str]:
        """The column that this step reads."""
        return ["subject"]

    @property
    def outputs(self) -> list[str]:
        """The output columns, which contain one exchange."""
        return ["question", "plain_answer", "answer"]

    def process(self, inputs: StepInput) -> Any:
        """Copy each row with `exchanges` once for every exchange."""
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
    """Adds a column with the earlier questions and plain answers of the same conversation."""

    @property
    def inputs(self) -> list[str]:
        """The columns that this step reads."""
        return ["subject", "question", "plain_answer"]

    @property
    def outputs(self) -> list[str]:
        """The output column, which contains the earlier questions and plain answers."""
        return ["context"]

    def process(self, inputs: StepInput) -> Any:
        """Add the column `context` to each row."""
        rows = []
        for _, group in groupby(inputs, key=_subject):
            before: list[tuple[str, str]] = []
            for row in group:
                rows.append({**row, "context": format_turns(before)})
                before.append((row["question"] or "", row["plain_answer"] or ""))
        yield rows


class JoinTurns(Step):
    """Joins the rows of a conversation into one row, which contains all exchanges."""

    @property
    def inputs(self) -> list[str]:
        """The columns that this step reads."""
        return ["subject", "question", "plain_answer", "answer"]

    @property
    def outputs(self) -> list[str]:
        """The output column, which contains all exchanges in order."""
        return ["exchanges"]

    def process(self, inputs: StepInput) -> Any:
        """Return one row per conversation."""
        yield [_join([*group]) for _, group in groupby(inputs, key=_subject)]


def _subject(row: Row) -> str:
    return str(row["subject"])


def _join(rows: list[Row]) -> Row:
    rejection = next((row["rejection"] for row in rows if row["rejection"]), None)
    exchanges = [{name: row.get(name) for name in _EXCHANGE} for row in rows]
    tokens = {name: sum(row.get(name, 0) for row in rows) for name in _TOKENS}
    return {**rows[-1], **tokens, "rejection": rejection, "exchanges": exchanges}
