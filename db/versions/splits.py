"""Split the examples of a version by source article, and check the result."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from db.errors import StoreError
from db.records import Example, Gate, Pair, Split, digest

_MAX_SALTS = 100


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


def count_splits(sources: Iterable[str], salt: str, splits: Splits) -> dict[Split, int]:
    """How many sources each split with a share gets."""
    chosen = [split_of(source, salt, splits) for source in sources]
    return {split: chosen.count(split) for split, share in splits.shares.items() if share > 0}


def find_salt(sources: Iterable[str], salt: str, splits: Splits) -> str:
    """The salt, such as the given one, that divides sources most nearly by the shares.

    It is empty if no salt gives each split enough sources.
    """
    sources, needed = tuple(sources), splits.minimum_articles
    counts = {
        each: count_splits(sources, each, splits)
        for each in (salt, *(f"{salt}-{number}" for number in range(1, _MAX_SALTS)))
        if len(sources) >= needed * len(count_splits((), salt, splits))
    }
    enough = {each: count for each, count in counts.items() if min(count.values()) >= needed}

    def error(each: str) -> float:
        shares = splits.shares
        return sum(abs(n - shares[split] * len(sources)) for split, n in enough[each].items())

    return min(enough, key=error, default="")


def split_gates(
    examples: Iterable[Example],
    pairs: Iterable[Pair],
    pages: Mapping[str, str],
    splits: Splits,
    salt: str = "",
) -> tuple[Gate, ...]:
    """Check that no article is in two splits and that each split has examples of enough articles.

    `pages` maps article ids to URLs.
    """
    by_source: dict[str, set[Split]] = defaultdict(set)
    for example in examples:
        by_source[_source(example.article, example.candidate, pages)].add(example.split)
    sources = tuple(by_source)
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
    least = splits.minimum_articles
    counts_by_split = {split: counts[split] for split, share in splits.shares.items() if share}
    has_enough = min(counts_by_split.values()) >= least
    better = "" if has_enough else find_salt(sources, salt, splits)  # finding a salt takes long
    remedy = (
        f'set salt = "{better}" in [freeze] of the campaign, or approve candidates from more '
        "articles"
        if better
        else "approve candidates from more articles, or set the share of a split to 0"
    )
    for split, count in counts_by_split.items():
        name = f"articles in the {split} split"
        found = f"{count} article{'s' if count != 1 else ''}"
        gates.append(Gate(name, count >= least, found, f"at least {least}", remedy))
    return tuple(gates)


def _source(article: str | None, origin: str, pages: Mapping[str, str]) -> str:
    return pages.get(article, article) if article else origin
