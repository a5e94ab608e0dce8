"""Lookups of versions and runs, run states and promotions."""

import pytest

from db.erasure import erase
from db.errors import StoreError
from db.events import event
from db.records import EventKind, Run
from db.runs import (
    campaign_runs,
    check_finished,
    find_run,
    newest_finished,
    promoted_run,
    promotions,
    version_runs,
    withdrawal_notice,
)
from db.store import Store
from db.versions.contents import find_version
from db.versions.freeze import freeze
from tests.db.approvals import PLAN, add_approvals


def test_a_run_is_found_for_its_own_campaign_only(store: Store) -> None:
    version = freeze(store, PLAN, add_approvals(store, range(20)))
    run = Run(version=version.id, base="mini", base_fingerprint="f", config="{}", seed=0)
    store.add([run])
    assert find_run(store, PLAN.campaign, run.id[:8]) == run
    with pytest.raises(StoreError, match=f"belongs to the campaign {PLAN.campaign}, not to"):
        find_run(store, "another", run.id[:8])


def test_a_version_is_found_by_name_or_id_and_the_newest_of_a_name_wins(store: Store) -> None:
    with pytest.raises(StoreError, match="Freeze one with"):
        find_version(store, "first")
    older = freeze(store, PLAN, add_approvals(store, range(20)))
    newer = freeze(store, PLAN, add_approvals(store, range(20, 40)))
    assert find_version(store, "first") == newer
    assert find_version(store, older.id[:6].upper()) == older
    with pytest.raises(StoreError, match=r"“second”[.] Enter an id or one of these names: first"):
        find_version(store, "second")


def test_the_newest_finished_run_and_the_last_promotion_count(store: Store) -> None:
    version = freeze(store, PLAN, add_approvals(store, range(20)))
    first, second, failed = (
        Run(version=version.id, base="mini", base_fingerprint="f", config="{}", seed=seed)
        for seed in range(3)
    )
    store.add([first, second, failed])
    store.add([event(run.id, EventKind.STARTED) for run in (first, second, failed)])
    assert newest_finished(campaign_runs(store, PLAN.campaign)) is None
    with pytest.raises(StoreError, match="hasn't finished"):
        check_finished(store, first)
    for run in (second, first):
        store.add([event(run.id, EventKind.FINISHED, loss=0.5)])
    store.add([event(failed.id, EventKind.FAILED, reason="no memory")])
    check_finished(store, first)
    newest = newest_finished(campaign_runs(store, PLAN.campaign))
    assert newest == newest_finished(version_runs(store, version))
    assert newest
    assert (newest.run, newest.detail) == (first, {"loss": 0.5})
    assert [status.state.value for status in campaign_runs(store, "")] == [
        "finished",
        "finished",
        "failed",
    ]
    assert campaign_runs(store, "another") == []
    assert promoted_run(store, PLAN.campaign) is None
    details = {"campaign": PLAN.campaign, "over": "base", "reason": "better"}
    store.add([event(second.id, EventKind.PROMOTED, **details)])
    store.add([event(first.id, EventKind.PROMOTED, **{**details, "campaign": "another"})])
    assert [promotion.run for promotion in promotions(store)] == [second, first]
    assert promoted_run(store, PLAN.campaign) == second


def test_a_run_on_a_version_with_withdrawn_data_gets_a_notice(store: Store) -> None:
    version = freeze(store, PLAN, add_approvals(store, range(20)))
    run = Run(version=version.id, base="mini", base_fingerprint="f", config="{}", seed=0)
    store.add([run])
    assert withdrawal_notice(store, run) == ""
    erase(store, reviewer="ada")
    erase(store, reviewer="grace")
    assert withdrawal_notice(store, run).startswith(
        f"Version {version.id[:12]} had the answers of one reviewer withdrawn on 20"
    )
