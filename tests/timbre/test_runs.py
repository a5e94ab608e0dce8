"""Runs are found by their ids, and only with the campaign they belong to."""

from pathlib import Path

import pytest

from db.records import Run
from db.store import Store
from db.versions import freeze
from tests.db.frozen import PLAN, judge
from timbre.runs import found_run
from timbre.settings import SettingsError
from timbre.stores import open_store


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Store:
    monkeypatch.setenv("TIMBRE_HOME", str(tmp_path))
    monkeypatch.delenv("TIMBRE_DATABASE_URL", raising=False)
    return open_store()


def test_a_run_is_answered_and_measured_as_its_own_campaign_only(store: Store) -> None:
    version = freeze(store, PLAN, judge(store, range(20)))
    run = Run(version=version.id, base="mini", base_fingerprint="f", config="{}", seed=0)
    store.add([run])
    assert found_run(store, PLAN.campaign, run.id[:8]) == run
    with pytest.raises(SettingsError, match=f"of the campaign {PLAN.campaign}, expected one of"):
        found_run(store, "another", run.id[:8])
    store.close()
