from hypothesis import given
from hypothesis import strategies as st

from annotation.argilla.answer_values import answer_from_argilla, answer_to_argilla
from db.records import Span


def test_span_after_an_emoji_is_one_unit_further_in_argilla() -> None:
    text = "Quick 🙂, over there now."
    span = Span(text.index("over"), text.index(" now"), "nonsense")
    assert answer_to_argilla((span,), text) == [{"label": "nonsense", "start": 10, "end": 20}]


def test_end_that_argilla_would_reject_is_moved_back() -> None:
    assert answer_to_argilla((Span(0, 2, "nonsense"),), "🙂🙂")[0]["end"] == 2


def test_the_older_name_of_a_label_becomes_the_current_one() -> None:
    old = [{"label": "garbled", "start": 0, "end": 2}]
    assert answer_from_argilla(old, "span", "ab") == (Span(0, 2, "nonsense"),)


@given(st.text(st.characters(exclude_categories=["Cs"])), st.data())
def test_spans_survive_the_round_trip(text: str, data: st.DataObject) -> None:
    text += "."
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    span = Span(start, end, "nonsense")
    units = len(text[:end].encode("utf-16-le")) // 2
    if units <= len(text):
        assert answer_from_argilla(answer_to_argilla((span,), text), "span", text) == (span,)
