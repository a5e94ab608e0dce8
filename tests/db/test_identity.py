"""Canonical JSON equals the reference implementation's, and ids stay the same."""

import hashlib

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from db.records import Message, Rejection, Role, canonical, digest, plain

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
def test_canonical_json_equals_the_reference_implementation(
    value: object,
) -> None:
    assert canonical(value).encode() == rfc8785.dumps(value)  # type: ignore[arg-type]


@given(
    st.dictionaries(st.text(st.characters(codec="ascii")), st.text(st.characters()) | st.integers())
)
def test_canonical_json_rejects_what_the_reference_implementation_rejects(
    value: dict[str, object],
) -> None:
    try:
        expected = rfc8785.dumps(value)  # type: ignore[arg-type]
    except ValueError:
        with pytest.raises(ValueError, match=r"surrogates|53-bit|64-bit"):
            digest(canonical(value))
    else:
        assert canonical(value).encode() == expected


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**53, "\ud800", {1: "a"}, {"a"}])
def test_values_without_canonical_json_are_rejected(value: object) -> None:
    with pytest.raises(
        ValueError, match=r"representable|53-bit|surrogates|keys|unsupported|canonical"
    ):
        digest(canonical(value))


def test_digest_is_the_sha256_of_utf8() -> None:
    assert digest("café") == hashlib.sha256("café".encode()).hexdigest() == digest("café".encode())


def test_a_rejection_keeps_the_id_it_had_under_its_first_name() -> None:
    rejection = Rejection(scope="s", stage="t", subject="u", reason="r", detail="d", text="x")
    assert rejection.id == "66f950d603545172f5558288a6e8578823f2ec638bef178717c319eecc96faf8"


def test_a_field_that_has_its_default_is_left_out_of_canonical_json() -> None:
    assert canonical(Message(Role.USER, "Hi")) == '{"content":"Hi","role":"user"}'
    silent = Message(Role.ASSISTANT, "Hi", has_loss=False)
    assert canonical(silent) == '{"content":"Hi","has_loss":false,"role":"assistant"}'
    assert plain(silent) == {"role": "assistant", "content": "Hi", "has_loss": False}
