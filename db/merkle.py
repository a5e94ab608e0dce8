"""One hash for a set of hashes, whatever their order."""

import hashlib
from collections.abc import Iterable

_LEAF, _NODE = b"\x00", b"\x01"


def merkle_root(leaves: Iterable[str]) -> str:
    """The root of the Merkle tree (RFC 9162, 2.1.1) over distinct ids in ascending order.

    Leaves and nodes are hashed with a different first byte, so that no inner node can pass for a
    leaf, and the root of one leaf is not the leaf.
    """
    level = [_sha(_LEAF + bytes.fromhex(leaf)) for leaf in sorted(set(leaves))]
    if not level:
        return hashlib.sha256().hexdigest()
    while len(level) > 1:
        odd = level[-1:] if len(level) % 2 else []
        pairs = zip(level[::2], level[1::2], strict=False)
        level = [_sha(_NODE + left + right) for left, right in pairs] + odd
    return level[0].hex()


def _sha(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()
