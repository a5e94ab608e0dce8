"""Records fall to reviewers and to calibration by hashes: evenly, and the same each time."""

from collections import Counter

import pytest

from annotation.assignment import assign_reviewers, in_calibration_set
from db.records import digest

RECORDS = [digest(str(n)) for n in range(2000)]
CREW = ("ada", "bo", "cy", "dee")


def test_each_record_has_as_many_reviewers_as_it_needs_and_each_reviewer_their_share() -> None:
    handed = [assign_reviewers(record, CREW, 2) for record in RECORDS]
    assert {len(set(names)) for names in handed} == {2}
    counts = Counter(name for names in handed for name in names)
    # 1000 each, with a standard deviation of about 22.
    assert set(counts) == set(CREW)
    assert all(900 < count < 1100 for count in counts.values()), counts
    # Everybody shares records with everybody, so that all can be compared.
    assert len(set(handed)) == 6


def test_the_order_of_the_names_says_nothing() -> None:
    assert [assign_reviewers(r, CREW, 2) for r in RECORDS[:50]] == [
        assign_reviewers(r, CREW[::-1], 2) for r in RECORDS[:50]
    ]


def test_who_leaves_moves_only_their_own_records() -> None:
    for record in RECORDS[:500]:
        before, after = assign_reviewers(record, CREW, 2), assign_reviewers(record, CREW[:3], 2)
        assert "dee" in before or before == after
        assert len(set(after) - set(before)) <= 1


@pytest.mark.parametrize("share", [0.0, 0.1, 0.3])
def test_about_the_share_asked_for_is_set_apart(share: float) -> None:
    apart = sum(in_calibration_set(record, "demo", share) for record in RECORDS)
    assert apart == pytest.approx(share * len(RECORDS), abs=60)


def test_what_is_set_apart_stays_so_when_more_is() -> None:
    less = {record for record in RECORDS if in_calibration_set(record, "demo", 0.1)}
    assert less < {record for record in RECORDS if in_calibration_set(record, "demo", 0.2)}
    assert less != {record for record in RECORDS if in_calibration_set(record, "another", 0.1)}


def test_nobody_named_is_nobody_assigned() -> None:
    assert assign_reviewers(RECORDS[0], (), 2) == ()
