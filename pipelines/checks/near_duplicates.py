"""Texts that say nearly the same, by MinHash over word shingles, found without comparing all.

Signatures have 128 values. They are cut into bands as wide as still bring together 99 of 100 pairs
at the threshold; every pair brought together is then measured exactly.
"""

from array import array
from collections.abc import Iterable

from rensa import RMinHash

from pipelines.words import words

PERMUTATIONS = 128
WIDEST = 16
RECALL = 0.99
SHINGLE = 5
_SEED = 42


def shingles(text: str) -> frozenset[str]:
    """The runs of five words of a text, in small letters; a shorter text is one shingle."""
    said = [word.lower() for word in words(text)]
    runs = zip(*(said[n:] for n in range(SHINGLE)), strict=False)
    return frozenset(" ".join(run) for run in runs) or frozenset({" ".join(said)})


def band_width(threshold: float) -> int:
    """How many values a band has, for texts as alike as the threshold to share one surely."""
    fitting = [
        width
        for width in range(1, WIDEST + 1)
        if 1 - (1 - threshold**width) ** (PERMUTATIONS // width) >= RECALL
    ]
    return max(fitting, default=1)


class NearIndex:
    """Texts of which no two are nearly the same, to be asked for one that another is like."""

    def __init__(self, threshold: float) -> None:
        """An empty index.

        Args:
            threshold: the Jaccard similarity of shingles, from 0 to 1, from which two texts
                are nearly the same.
        """
        self._threshold = threshold
        self._width = band_width(threshold)
        self._names: list[str] = []
        self._shingles: list[array[int]] = []
        # Most bands are met by one text alone, which a number takes less room for than a list.
        self._bands: dict[int, int | tuple[int, ...]] = {}

    def add(self, name: str, text: str) -> tuple[str, float] | None:
        """The text in the index most like this one, with how much, if any is nearly the same.

        A text that is like none is taken in; one that is like another is not, so that a thousand
        copies of a text cost no more than a thousand look-ups.
        """
        runs = shingles(text)
        keys = self._keys(runs)
        hashes = frozenset(hash(run) for run in runs)
        met = {n for key in keys for n in _numbers(self._bands.get(key))}
        nearest = max(((_jaccard(hashes, self._shingles[n]), -n) for n in met), default=(0.0, 0))
        if met and nearest[0] >= self._threshold:
            return self._names[-nearest[1]], nearest[0]
        for key in keys:
            there = _numbers(self._bands.get(key))
            self._bands[key] = (*there, len(self._names)) if there else len(self._names)
        self._names.append(name)
        self._shingles.append(array("q", hashes))
        return None

    def _keys(self, runs: frozenset[str]) -> list[int]:
        sketch = RMinHash(num_perm=PERMUTATIONS, seed=_SEED)
        sketch.update(sorted(runs))
        values, width = sketch.digest(), self._width
        starts = range(0, PERMUTATIONS - width + 1, width)
        return [hash((start, *values[start : start + width])) for start in starts]


def _numbers(there: int | tuple[int, ...] | None) -> tuple[int, ...]:
    if there is None:
        return ()
    return (there,) if isinstance(there, int) else there


def _jaccard(a: frozenset[int], b: "array[int]") -> float:
    shared = len(a.intersection(b))
    return shared / (len(a) + len(b) - shared)


def near_duplicates(
    texts: Iterable[tuple[str, str]], threshold: float
) -> list[tuple[str, str, float]]:
    """Each text nearly the same as one before it: that one's name, its own, and how much.

    Without the texts named second no two of the rest are nearly the same.
    """
    index = NearIndex(threshold)
    found = ((index.add(name, text), name) for name, text in texts)
    return [(near[0], name, near[1]) for near, name in found if near is not None]
