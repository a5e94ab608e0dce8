"""The Merkle root identifies a set, independently of its order."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from db.versions.merkle import merkle_root
from tests.db.records import ids

leaves = st.lists(ids, unique=True, max_size=12)


@given(leaves, st.randoms(use_true_random=False))
def test_the_root_is_independent_of_the_order(some: list[str], random: object) -> None:
    shuffled = list(some)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert merkle_root(shuffled) == merkle_root(some) == merkle_root(some + some)


@given(leaves, leaves)
def test_different_sets_have_different_roots(some: list[str], others: list[str]) -> None:
    assert (merkle_root(some) == merkle_root(others)) == (set(some) == set(others))


def test_the_root_equals_the_rfc_9162_example() -> None:
    def sha(content: bytes) -> bytes:
        return hashlib.sha256(content).digest()

    # Three leaves: the two first under one node, the third carried up beside it.
    names = [f"{number:064x}" for number in (1, 2, 3)]
    first, second, third = (sha(b"\x00" + bytes.fromhex(name)) for name in names)
    expected = sha(b"\x01" + sha(b"\x01" + first + second) + third)
    assert merkle_root(names) == expected.hex()
    assert merkle_root(names[:1]) == first.hex() != names[0]
    assert merkle_root([]) == hashlib.sha256(b"").hexdigest()


@given(leaves)
def test_the_root_equals_the_recursive_definition(some: list[str]) -> None:
    def tree(part: list[bytes]) -> bytes:
        if len(part) <= 1:
            return part[0] if part else hashlib.sha256().digest()
        half = 1 << ((len(part) - 1).bit_length() - 1)
        return hashlib.sha256(b"\x01" + tree(part[:half]) + tree(part[half:])).digest()

    hashed = [hashlib.sha256(b"\x00" + bytes.fromhex(leaf)).digest() for leaf in sorted(some)]
    assert merkle_root(some) == tree(hashed).hex()
