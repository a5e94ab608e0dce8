"""Texts that say nearly the same, by MinHash over word shingles, found without comparing all.

Signatures have 128 values in 64 bands of 2: pairs of Jaccard similarity .5 are met with
probability .99999998, and every pair met is then measured exactly.
"""

from collections import defaultdict
from collections.abc import Iterable

from rensa import RMinHash

from pipelines.words import words

PERMUTATIONS = 128
BAND = 2
SHINGLE = 5
_SEED = 42


def shingles(text: str) -> frozenset[str]:
    """The runs of five words of a text, in small letters; a shorter text is one shingle."""
    said = [word.lower() for word in words(text)]
    runs = zip(*(said[n:] for n in range(SHINGLE)), strict=False)
    return frozenset(" ".join(run) for run in runs) or frozenset({" ".join(said)})


class NearIndex:
    """Texts by what they are called, to be asked for one nearly the same as another."""

    def __init__(self, threshold: float) -> None:
        """An empty index.

        Args:
            threshold: the Jaccard similarity of shingles, from 0 to 1, from which two texts
                are nearly the same.
        """
        self._threshold = threshold
        self._bands: list[dict[tuple[int, ...], list[int]]] = [
            defaultdict(list) for _ in range(PERMUTATIONS // BAND)
        ]
        self._names: list[str] = []
        self._shingles: list[frozenset[int]] = []

    def add(self, name: str, text: str) -> list[tuple[str, float]]:
        """Takes a text in and returns those before it that are nearly the same, with how much."""
        runs = shingles(text)
        keys = _keys(runs)
        hashes = frozenset(hash(run) for run in runs)
        met = {n for band, key in zip(self._bands, keys, strict=True) for n in band.get(key, ())}
        near = [(self._names[n], _jaccard(hashes, self._shingles[n])) for n in sorted(met)]
        for band, key in zip(self._bands, keys, strict=True):
            band[key].append(len(self._names))
        self._names.append(name)
        self._shingles.append(hashes)
        return [(other, alike) for other, alike in near if alike >= self._threshold]


def _keys(runs: frozenset[str]) -> list[tuple[int, ...]]:
    sketch = RMinHash(num_perm=PERMUTATIONS, seed=_SEED)
    sketch.update(sorted(runs))
    values = sketch.digest()
    return [tuple(values[n : n + BAND]) for n in range(0, PERMUTATIONS, BAND)]


def _jaccard(a: frozenset[int], b: frozenset[int]) -> float:
    return len(a & b) / len(a | b)


def near_duplicates(
    texts: Iterable[tuple[str, str]], threshold: float
) -> list[tuple[str, str, float]]:
    """The pairs of (name, text) that are nearly the same: both names and how much, in order."""
    index = NearIndex(threshold)
    return [(other, name, alike) for name, text in texts for other, alike in index.add(name, text)]
