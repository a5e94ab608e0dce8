"""A run is promoted only if it beats the current one, or for a reason that is recorded."""

import json
from collections.abc import Callable

import pytest

from db.errors import StoreError
from db.events import event
from db.records import EventKind, Run
from db.runs import promoted_run, promotions
from tests.timbre.conftest import ignore_progress
from tests.timbre.workflows.tiny_runs import CAMPAIGN, TinyRuns
from timbre.settings import SettingsError
from timbre.workflows.answer import answer_run
from timbre.workflows.export import ExportOptions, ExportTarget, export_run
from timbre.workflows.promote import promote_anyway, promote_if_better


def test_only_a_better_run_is_promoted_and_each_comparison_is_recorded_once(
    tiny_runs: TinyRuns,
) -> None:
    store, settings = tiny_runs.store, tiny_runs.settings
    first, worse, better = (tiny_runs.train(seed) for seed in (1, 2, 3))
    for run, share in ((first, 0.6), (worse, 0.5), (better, 1.0)):
        tiny_runs.answer(run, share)

    def is_promoted(run: Run) -> bool:
        return promote_if_better(store, CAMPAIGN, run, settings, ignore_progress).is_better

    assert promoted_run(store, "tone") is None
    assert is_promoted(first)  # it beats the base
    assert promoted_run(store, "tone") == first
    with pytest.raises(SettingsError, match="already promoted"):
        is_promoted(first)

    for _ in range(2):
        assert not is_promoted(worse)
    assert promoted_run(store, "tone") == first
    comparisons = [e for e in store.events(worse.id) if e.kind is EventKind.COMPARED]
    assert len(comparisons) == 1
    assert json.loads(comparisons[0].detail)["over"] == first.id

    assert is_promoted(better)
    assert [(p.run, p.over) for p in promotions(store, "tone")] == [
        (first, "base"),
        (better, first.id),
    ]
    promote_anyway(store, "tone", worse, "shorter answers")
    assert promoted_run(store, "tone") == worse
    assert promotions(store, "tone")[-1].reason == "without comparison: shorter answers"
    assert promotions(store, "another") == []


def test_an_unfinished_run_is_neither_promoted_nor_answered_nor_exported(
    tiny_runs: TinyRuns,
) -> None:
    store, settings = tiny_runs.store, tiny_runs.settings
    run = Run(version=tiny_runs.version.id, base="mini", base_fingerprint="f", config="{}", seed=0)
    store.add([run, event(run.id, EventKind.STARTED)])
    uses: list[Callable[[], object]] = [
        lambda: promote_if_better(store, CAMPAIGN, run, settings, ignore_progress),
        lambda: promote_anyway(store, "tone", run, "a whim"),
        lambda: answer_run(store, CAMPAIGN, run, settings, ignore_progress),
        lambda: list(
            export_run(store, run, ExportOptions(ExportTarget.VLLM), settings, lambda *_: None)
        ),
    ]
    for use in uses:
        with pytest.raises(StoreError, match="hasn't finished"):
            use()


def test_a_promoted_run_is_not_promoted_again(tiny_runs: TinyRuns) -> None:
    run = tiny_runs.train(0)
    promote_anyway(tiny_runs.store, "whims", run, "a whim")
    with pytest.raises(SettingsError, match="already promoted"):
        promote_anyway(tiny_runs.store, "whims", run, "another whim")
    assert len(promotions(tiny_runs.store, "whims")) == 1
