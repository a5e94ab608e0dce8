import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.checks.near_duplicates import NearDuplicates, band_width, find_near_duplicates


def test_near_duplicates_are_paired_with_the_text_before_them() -> None:
    base = "one two three four five six seven eight nine ten eleven twelve"
    texts = [("a", base), ("b", base), ("c", base + " thirteen"), ("d", "something else entirely")]
    assert find_near_duplicates(texts, 0.8) == [("a", "b"), ("a", "c")]
    index = NearDuplicates(0.8)
    assert [index.add(*text) for text in texts[:3]] == [
        None,
        ("a", 1.0),
        ("a", pytest.approx(8 / 9)),
    ]


@given(st.lists(st.tuples(st.uuids().map(str), st.text(max_size=30)), max_size=12))
def test_every_copy_of_a_text_is_a_near_duplicate(texts: list[tuple[str, str]]) -> None:
    copies = {later for _, later in find_near_duplicates(texts, 1.0)}
    earlier_texts: set[str] = set()
    for name, text in texts:
        assert text not in earlier_texts or name in copies
        earlier_texts.add(text)


@pytest.mark.parametrize("threshold", [0.5, 0.7, 0.8])
def test_pairs_at_the_threshold_share_a_band_and_distant_pairs_seldom_do(threshold: float) -> None:
    width = band_width(threshold)
    at_threshold, distant = (
        1 - (1 - similarity**width) ** (128 // width) for similarity in (threshold, threshold / 3)
    )
    assert at_threshold >= 0.99
    assert distant < 0.25


def test_ten_thousand_texts_with_a_common_phrase_take_seconds() -> None:
    stock = "it has been said before and it will be said again by everyone who was there"
    texts = [(str(n), f"{stock} {' '.join(f'w{n}x{k}' for k in range(12))}") for n in range(10_000)]
    started = time.perf_counter()
    assert find_near_duplicates(texts, 0.7) == []
    assert time.perf_counter() - started < 30
