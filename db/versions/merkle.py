"""Compute a single hash of a set of ids that doesn't depend on their order."""

import hashlib
from collections.abc import Iterable

_LEAF, _NODE = b"\x00", b"\x01"


def merkle_root(leaves: Iterable[str]) -> str:
    """The Merkle tree root (RFC 9162, 2.1.1) of distinct ids, sorted in ascending order.

    Leaves and inner nodes are hashed with different prefix bytes, so that an inner node can't be
    mistaken for a leaf.
    """
    level = [hashlib.sha256(_LEAF + bytes.fromhex(leaf)).digest() for leaf in sorted(set(leaves))]
    if not level:
        return hashlib.sha256().hexdigest()
    while len(level) > 1:
        odd = level[-1:] if len(level) % 2 else []
        pairs = zip(level[::2], level[1::2], strict=False)
        level = [hashlib.sha256(_NODE + left + right).digest() for left, right in pairs] + odd
    return level[0].hex()
