"""Convert answers to and from Argilla's format, and extract the displayed text of a record.

Timbre stores span offsets in characters, but Argilla's web UI uses UTF-16 units. Character offsets
and UTF-16 offsets differ after any character beyond the Basic Multilingual Plane, such as most
emoji. Argilla's server rejects a span that ends after the last character of the text, so the end of
a span is limited to the length of the text.
"""

from typing import Any

from annotation.argilla.connection import Json
from annotation.argilla.html_text import unescape_html
from db.records import AnswerValue, Message, Role, Span, messages_to_text

EDIT_QUESTION = "improved"
"""The question whose answer is the reviewer's version of the text."""
RENAMED_LABELS = {"garbled": "nonsense"}
"""Current names of span labels in older datasets, where two labels had nearly the same colour."""


def answer_to_argilla(value: AnswerValue, text: str) -> Any:
    """Convert an answer's value to Argilla's format; `text` is the text that spans refer to."""
    if isinstance(value, tuple):
        return [_span_to_argilla(v, text) if isinstance(v, Span) else v for v in value]
    return value


def answer_from_argilla(value: Any, question_type: str, text: str) -> AnswerValue:
    """Convert an answer's value from Argilla's format, and sort its labels or spans."""
    if question_type == "span":
        spans = (
            Span(_characters(text, v["start"]), _characters(text, v["end"]), _label(v["label"]))
            for v in value
        )
        return tuple(sorted(spans, key=lambda span: (span.start, span.end, span.label)))
    if isinstance(value, list):
        return tuple(sorted(item["value"] if isinstance(item, dict) else item for item in value))
    return int(value) if question_type == "rating" else str(value)


def response_values(response: Json) -> Json:
    """Return the answers in an Argilla response, keyed by question."""
    return {name: value["value"] for name, value in (response["values"] or {}).items()}


def displayed_text(fields: Json) -> str:
    """Return the text under review as the record page displays it.

    If the record contains a dialogue, its turns are joined into plain text.
    """
    if turns := fields.get("dialogue"):
        return messages_to_text(
            tuple(Message(Role(t["role"]), unescape_html(t["content"])) for t in turns)
        )
    return unescape_html(fields.get("candidate", ""))


def _span_to_argilla(span: Span, text: str) -> Json:
    return {
        "label": span.label,
        "start": min(_units(text[: span.start]), len(text)),
        "end": min(_units(text[: span.end]), len(text)),
    }


def _label(name: str) -> str:
    return RENAMED_LABELS.get(name, name)


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _characters(text: str, units: int) -> int:
    """Convert an offset in UTF-16 units to an offset in characters, rounded up."""
    encoded = text.encode("utf-16-le", "surrogatepass")[: 2 * units]
    return len(encoded.decode("utf-16-le", "replace"))
