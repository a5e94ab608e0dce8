from hypothesis import given
from hypothesis import strategies as st

from annotation.argilla.answer_values import answer_from_argilla, answer_to_argilla
from db.records import Span


def test_span_after_an_emoji_is_one_unit_further_in_argilla() -> None:
    text = "Quick 🙂, over there now."
    span = Span(text.index("over"), text.index(" now"), "garbled")
    assert answer_to_argilla((span,), text) == [{"label": "garbled", "start": 10, "end": 20}]


def test_end_that_argilla_would_reject_is_moved_back() -> None:
    assert answer_to_argilla((Span(0, 2, "garbled"),), "🙂🙂")[0]["end"] == 2


@given(st.text(st.characters(exclude_categories=["Cs"])), st.data())
def test_spans_survive_the_round_trip(text: str, data: st.DataObject) -> None:
    text += "."
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    span = Span(start, end, "garbled")
    units = len(text[:end].encode("utf-16-le")) // 2
    if units <= len(text):
        assert answer_from_argilla(answer_to_argilla((span,), text), "span", text) == (span,)
