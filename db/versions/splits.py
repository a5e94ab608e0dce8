"""Split the examples of a version by source article, and check the result."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from db.errors import StoreError
from db.records import Example, Gate, Pair, Split, digest


@dataclass(frozen=True)
class Splits:
    """The share of source articles in each split, and the minimum number of articles per split.

    A split whose share is zero may be empty.
    """

    train: float = 0.7
    validation: float = 0.1
    test: float = 0.2
    minimum_articles: int = 1

    def __post_init__(self) -> None:
        """Check that the shares of the splits add up to 1."""
        shares = self.shares.values()
        if min(shares) < 0 or abs(sum(shares) - 1) > 1e-9:
            raise StoreError(
                f"The split shares {', '.join(map(str, shares))} don't add up to 1. Correct them "
                "in the campaign file."
            )

    @property
    def shares(self) -> dict[Split, float]:
        """The share of source articles in each split."""
        return dict(zip(Split, (self.train, self.validation, self.test), strict=True))


def split_of(source: str, salt: str, splits: Splits) -> Split:
    """Assign all examples from a source to the same split, based on a salted hash of the source."""
    place = int(digest(f"{salt}\n{source}")[:13], 16) / 16**13
    if place < splits.train:
        return Split.TRAIN
    return Split.VALIDATION if place < splits.train + splits.validation else Split.TEST


def split_gates(
    examples: Iterable[Example],
    pairs: Iterable[Pair],
    pages: Mapping[str, str],
    splits: Splits,
) -> tuple[Gate, ...]:
    """Check that no article is in two splits and that each split has examples of enough articles.

    `pages` maps article ids to URLs.
    """
    by_source: dict[str, set[Split]] = defaultdict(set)
    for example in examples:
        by_source[_source(example.article, example.candidate, pages)].add(example.split)
    counts = Counter(split for used in by_source.values() for split in used)
    for pair in pairs:
        by_source[_source(pair.article, pair.chosen_from, pages)].add(pair.split)
    leaks = sorted(source for source, used in by_source.items() if len(used) > 1)
    gates = [
        Gate(
            "no article in two splits",
            not leaks,
            f"{len(leaks)} articles" + (f", first {leaks[0]}" if leaks else ""),
            "every article in one split only",
            "split by article",
        )
    ]
    remedy = (
        "approve candidates from more articles, increase this split's share, or change the salt"
    )
    for split in (split for split, share in splits.shares.items() if share > 0):
        name, least = f"articles in the {split} split", splits.minimum_articles
        count = counts[split]
        gates.append(Gate(name, count >= least, f"{count} articles", f"at least {least}", remedy))
    return tuple(gates)


def _source(article: str | None, origin: str, pages: Mapping[str, str]) -> str:
    return pages.get(article, article) if article else origin
