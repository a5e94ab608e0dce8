"""Assignment and calibration by hashes are even and deterministic."""

from collections import Counter

import pytest

from annotation.assignment import assign_reviewers, in_calibration_set
from db.records import digest

RECORDS = [digest(str(n)) for n in range(2000)]
CREW = ("ada", "bo", "cy", "dee")


def test_records_are_assigned_evenly() -> None:
    assignments = [assign_reviewers(record, CREW, 2) for record in RECORDS]
    assert {len(set(names)) for names in assignments} == {2}
    counts = Counter(name for names in assignments for name in names)
    # 1000 each, with a standard deviation of about 22.
    assert set(counts) == set(CREW)
    assert all(900 < count < 1100 for count in counts.values()), counts
    # Every two reviewers share records, so all can be compared.
    assert len(set(assignments)) == 6


def test_the_order_of_reviewers_does_not_matter() -> None:
    assert [assign_reviewers(r, CREW, 2) for r in RECORDS[:50]] == [
        assign_reviewers(r, CREW[::-1], 2) for r in RECORDS[:50]
    ]


def test_a_reviewer_who_leaves_moves_only_their_own_records() -> None:
    for record in RECORDS[:500]:
        before, after = assign_reviewers(record, CREW, 2), assign_reviewers(record, CREW[:3], 2)
        assert "dee" in before or before == after
        assert len(set(after) - set(before)) <= 1


@pytest.mark.parametrize("share", [0.0, 0.1, 0.3])
def test_the_calibration_set_has_about_the_configured_share(share: float) -> None:
    count = sum(in_calibration_set(record, "demo", share) for record in RECORDS)
    assert count == pytest.approx(share * len(RECORDS), abs=60)


def test_a_larger_calibration_set_contains_the_smaller_one() -> None:
    less = {record for record in RECORDS if in_calibration_set(record, "demo", 0.1)}
    assert less < {record for record in RECORDS if in_calibration_set(record, "demo", 0.2)}
    assert less != {record for record in RECORDS if in_calibration_set(record, "another", 0.1)}


def test_no_reviewers_means_no_assignment() -> None:
    assert assign_reviewers(RECORDS[0], (), 2) == ()
