"""Canonical JSON: the fast writer says what the reference implementation says."""

import hashlib

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from db.records import canonical, digest

_SAFE = 2**53 - 1
_TEXT = st.text(st.characters(exclude_categories=["Cs"]))
_LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-_SAFE, _SAFE)
    | st.floats(allow_nan=False, allow_infinity=False)
    | _TEXT
)
_VALUES = st.recursive(
    _LEAVES, lambda inner: st.lists(inner) | st.dictionaries(_TEXT, inner), max_leaves=20
)


@given(_VALUES)
def test_every_plain_value_is_written_as_the_reference_implementation_writes_it(
    value: object,
) -> None:
    assert canonical(value).encode() == rfc8785.dumps(value)  # type: ignore[arg-type]


@given(
    st.dictionaries(st.text(st.characters(codec="ascii")), st.text(st.characters()) | st.integers())
)
def test_what_the_reference_implementation_refuses_is_refused(value: dict[str, object]) -> None:
    try:
        expected = rfc8785.dumps(value)  # type: ignore[arg-type]
    except ValueError:
        with pytest.raises(ValueError, match=r"surrogates|53-bit|64-bit"):
            digest(canonical(value))
    else:
        assert canonical(value).encode() == expected


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**53, "\ud800", {1: "a"}, {"a"}])
def test_a_value_without_a_canonical_text_cannot_name_anything(value: object) -> None:
    with pytest.raises(ValueError, match=r"representable|53-bit|surrogates|keys|unsupported"):
        digest(canonical(value))


def test_a_digest_is_the_sha_256_of_the_text_as_utf_8() -> None:
    assert digest("café") == hashlib.sha256("café".encode()).hexdigest() == digest("café".encode())
