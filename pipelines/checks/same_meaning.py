"""Short texts that mean nearly the same, by vectors that another stage makes of them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipelines.plan import Embed

_FIRST_ROOM = 256


class MeaningIndex:
    """Texts of which no two mean nearly the same, to be asked for one that another is like."""

    def __init__(self, threshold: float, embed: Embed) -> None:
        """An empty index.

        Args:
            threshold: the cosine, from 0 to 1, from which two texts mean nearly the same.
            embed: makes rows of length 1 of texts.
        """
        self._threshold = threshold
        self._embed = embed
        self._names: list[str] = []
        self._vectors: NDArray[np.float32] = np.zeros((0, 0), dtype=np.float32)

    def take(self, names: Sequence[str], texts: Sequence[str]) -> None:
        """Takes texts in without comparing them."""
        if texts:
            self._append(names, np.asarray(self._embed(texts), dtype=np.float32))

    def add(self, name: str, text: str) -> tuple[str, float] | None:
        """The text in the index most like this one, with how much, if any means nearly the same.

        A text that is like none is taken in.
        """
        vector = np.asarray(self._embed([text]), dtype=np.float32)
        if self._names:
            alike = self._vectors[: len(self._names)] @ vector[0]
            nearest = int(alike.argmax())
            if alike[nearest] >= self._threshold:
                return self._names[nearest], float(alike[nearest])
        self._append([name], vector)
        return None

    def _append(self, names: Sequence[str], vectors: NDArray[np.float32]) -> None:
        there, needed = len(self._names), len(self._names) + len(names)
        if needed > len(self._vectors):  # room is doubled, so that adding stays cheap
            room = np.zeros((max(_FIRST_ROOM, 2 * needed), vectors.shape[1]), dtype=np.float32)
            room[:there] = self._vectors[:there].reshape(there, vectors.shape[1])
            self._vectors = room
        self._vectors[there:needed] = vectors
        self._names.extend(names)
