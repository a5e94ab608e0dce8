"""A salt that divides few sources as the shares say."""

import pytest

from db.records import Split
from db.versions.splits import Splits, count_splits, find_salt

TWO = Splits(0.7, 0.0, 0.3)


@pytest.mark.parametrize("count", [2, 4, 10])
def test_the_salt_divides_sources_most_nearly_by_the_shares(count: int) -> None:
    sources = [f"page {number}" for number in range(count)]
    salt = find_salt(sources, "1", TWO)
    train = {2: 1, 4: 3, 10: 7}[count]
    assert count_splits(sources, salt, TWO) == {Split.TRAIN: train, Split.TEST: count - train}
    assert salt == "1" or salt.startswith("1-")


def test_a_salt_that_divides_well_stays() -> None:
    sources = [f"page {number}" for number in range(10)]
    salt = find_salt(sources, "1", TWO)
    assert find_salt(sources, salt, TWO) == salt


@pytest.mark.parametrize("splits", [TWO, Splits(0.5, 0.0, 0.5, minimum_articles=2)])
def test_too_few_sources_have_no_salt(splits: Splits) -> None:
    assert find_salt(["page"] * splits.minimum_articles, "1", splits) == ""
