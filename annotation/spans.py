"""Places in a text as we count them (characters), and as Argilla's web UI does (UTF-16 units).

The two differ after a character beyond the Basic Multilingual Plane, such as most emoji. Argilla's
server checks a span against the number of characters, so that a span which ends such a text would
be refused: its end is moved back to what the server takes.
"""

from typing import Any

from db.records import Span


def span_to_argilla(span: Span, text: str) -> dict[str, Any]:
    """A span of a text as Argilla's API has it."""
    return {
        "label": span.label,
        "start": min(_units(text[: span.start]), len(text)),
        "end": min(_units(text[: span.end]), len(text)),
    }


def span_from_argilla(span: dict[str, Any], text: str) -> Span:
    """A span of a text from what Argilla's API has."""
    return Span(_characters(text, span["start"]), _characters(text, span["end"]), span["label"])


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _characters(text: str, units: int) -> int:
    """Characters in the first so many units; half a character counts whole."""
    encoded = text.encode("utf-16-le", "surrogatepass")[: 2 * units]
    return len(encoded.decode("utf-16-le", "replace"))
