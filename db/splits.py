"""On which side of a version an example is, and whether its sides are what they should be."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from db.errors import StoreError
from db.records import Example, Gate, Split, digest


@dataclass(frozen=True)
class Splits:
    """The sides' shares of the source articles, and how many articles a side needs at least.

    A side without a share needs none.
    """

    train: float = 0.7
    validation: float = 0.1
    test: float = 0.2
    minimum_articles: int = 1

    def __post_init__(self) -> None:
        """Check that the shares are shares."""
        shares = (self.train, self.validation, self.test)
        if min(shares) < 0 or abs(sum(shares) - 1) > 1e-9:
            raise StoreError(
                f"found the shares {shares}, expected three that add up to 1; correct the campaign"
            )


def split_of(source: str, salt: str, splits: Splits) -> Split:
    """The side on which everything of a source is, by its salted hash."""
    place = int(digest(f"{salt}\n{source}")[:13], 16) / 16**13
    if place < splits.train:
        return Split.TRAIN
    return Split.VALIDATION if place < splits.train + splits.validation else Split.TEST


def split_gates(
    examples: Iterable[Example], pages: Mapping[str, str], splits: Splits
) -> tuple[Gate, ...]:
    """That no article is on two sides, in whatever revision, and that every side has enough."""
    sides: dict[str, set[Split]] = defaultdict(set)
    for example in examples:
        article = example.article
        sides[pages.get(article, article) if article else example.candidate].add(example.split)
    shares = {
        Split.TRAIN: splits.train,
        Split.VALIDATION: splits.validation,
        Split.TEST: splits.test,
    }
    torn = sorted(source for source, on in sides.items() if len(on) > 1)
    return (
        Gate(
            "no article on two sides",
            not torn,
            f"{len(torn)} articles" + (f", first {torn[0]}" if torn else ""),
            "every article on one side only",
            "split by the article",
        ),
        *(
            _enough(split, sum(split in on for on in sides.values()), splits.minimum_articles)
            for split, share in shares.items()
            if share > 0
        ),
    )


def _enough(split: Split, found: int, expected: int) -> Gate:
    return Gate(
        f"articles on the {split} side",
        found >= expected,
        f"{found} articles",
        f"at least {expected}",
        "approve candidates of more articles, give this side a larger share, or change the salt",
    )
