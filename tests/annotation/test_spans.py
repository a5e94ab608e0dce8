from hypothesis import given
from hypothesis import strategies as st

from annotation.spans import span_from_argilla, span_to_argilla
from db.records import Span


def test_a_place_after_an_emoji_is_one_further_for_the_web_ui() -> None:
    text = "Quick 🙂, over there now."
    span = Span(text.index("over"), text.index(" now"), "garbled")
    assert span_to_argilla(span, text) == {"label": "garbled", "start": 10, "end": 20}


def test_an_end_that_the_server_would_refuse_is_moved_back() -> None:
    assert span_to_argilla(Span(0, 2, "garbled"), "🙂🙂")["end"] == 2


@given(st.text(st.characters(exclude_categories=["Cs"])), st.data())
def test_places_come_back_as_they_went(text: str, data: st.DataObject) -> None:
    text += "."
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    span = Span(start, end, "garbled")
    units = len(text[:end].encode("utf-16-le")) // 2
    if units <= len(text):
        assert span_from_argilla(span_to_argilla(span, text), text) == span
