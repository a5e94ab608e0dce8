"""Write the overview page, which shows promotions, results, gates and agreement for all runs."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from db.records import EventKind, Interval, Output, Version
from db.runs import RunState, RunStatus, campaign_runs, promotions
from db.store import Store
from evaluation.arms import summarise
from evaluation.errors import EvaluationError
from evaluation.pages.charts import Axis, Caption, Figure, Row, Series
from evaluation.pages.page import Page, Section, Table, number_cell, share_cell, write_page
from evaluation.pages.plots import interval_figure
from evaluation.verdict import review_notice
from timbre.campaign import load_campaign
from timbre.settings import Settings, SettingsError
from timbre.workflows.answer import TUNED
from timbre.workflows.evaluate import measured_arms

_SCALE = (-0.2, 1.0)
_MEASURES = {False: "Krippendorff’s alpha", True: "share of records with equal decisions"}


def write_overview(store: Store, settings: Settings) -> Path:
    """Write the overview page of all versions and runs.

    The same data always produces the same page.
    """
    return write_page(overview(store), settings.reports / "index.html")


def overview(store: Store) -> Page:
    """Build the overview page of all versions and runs, newest first."""
    versions = list(store.stream(Version))
    runs = sorted(campaign_runs(store, ""), key=lambda status: status.at, reverse=True)
    finished = sum(status.state is RunState.FINISHED for status in runs)
    kinds = {kind for version in versions for kind in version.reviewer_kinds}
    dates = [*(_frozen_at(store, version) for version in versions), *(s.at for s in runs)]
    return Page(
        eyebrow="Timbre",
        title="Versions and runs",
        verdict=f"{len(versions)} versions; {len(runs)} runs, {finished} of them finished. "
        f"{_promoted_runs(store)}",
        notice=review_notice(kinds),
        written_at=max(dates, default="an unknown time"),
        sections=(
            _promotion_section(store),
            _run_section(store, runs, {version.id: version for version in versions}),
            _version_section(store, versions),
            _agreement_section(store, versions),
        ),
    )


def _frozen_at(store: Store, version: Version) -> str:
    """Return the time at which a version was frozen, or an empty string if it's unknown."""
    return next((e.at for e in store.events(version.id) if e.kind is EventKind.FROZEN), "")


def _promoted_runs(store: Store) -> str:
    newest = {each.campaign: each.run.id[:12] for each in promotions(store)}
    runs = ", ".join(f"{run} for {campaign}" for campaign, run in sorted(newest.items()))
    return f"Promoted: {runs}." if runs else "No run has been promoted yet."


def _table_section(
    heading: str, columns: tuple[str, ...], rows: Sequence[tuple[str, ...]], missing_note: str
) -> Section:
    tables = (Table("", columns, tuple(rows)),) if rows else ()
    return Section(heading, tables=tables, missing_note=missing_note)


def _promotion_section(store: Store) -> Section:
    rows = [
        (p.at[:16], p.campaign, p.run.id[:12], p.over[:12], p.reason)
        for p in reversed(promotions(store))
    ]
    columns = ("When", "Campaign", "Run", "Over", "Reason")
    note = "No run has been promoted yet. Promote one with `timbre run promote`."
    return _table_section("Promoted adapters", columns, rows, note)


def _run_section(store: Store, runs: Sequence[RunStatus], versions: dict[str, Version]) -> Section:
    rows = [_run_row(store, status, versions.get(status.run.version)) for status in runs]
    columns = ("Run", "Version", "Base", "Seed", "State", "When", "Loss", "Meets its target")
    note = "Nothing has been trained yet. Train a run with `timbre train`."
    return _table_section("Runs", columns, rows, note)


def _run_row(store: Store, status: RunStatus, version: Version | None) -> tuple[str, ...]:
    losses = status.detail.get("losses") or []
    return (
        status.run.id[:12],
        f"{version.name} {version.id[:12]}" if version else status.run.version[:12],
        status.run.base,
        str(status.run.seed),
        status.state.value,
        status.at[:16],
        f"{losses[0]:.2f} to {losses[-1]:.2f}" if losses else "–",
        _target_rate(store, status, version.campaign if version else ""),
    )


def _target_rate(store: Store, status: RunStatus, campaign: str) -> str:
    """Return the share of a run's answers that meet the campaign's target, if it was measured."""
    try:
        criterion = load_campaign(campaign).criterion
    except (SettingsError, EvaluationError):
        return "not measured"  # the campaign file no longer exists
    if criterion is None:
        return "no target"
    outputs = list(store.stream(Output, run=status.run.id, arm=TUNED))
    if not outputs:
        return "not measured"
    (arm,) = measured_arms(store, {TUNED: outputs}, criterion)
    rate = summarise(arm, criterion.feature).target
    return f"{share_cell(rate)} {criterion.feature.label.lower()}" if rate else "not measured"


def _version_section(store: Store, versions: Sequence[Version]) -> Section:
    rows = [
        (
            f"{v.name} {v.id[:12]}",
            v.campaign,
            _frozen_at(store, v)[:16],
            v.split_counts,
            v.reviewers,
            _gates(v),
        )
        for v in reversed(versions)
    ]
    columns = ("Version", "Campaign", "Frozen", "Examples", "Reviewed by", "Gates")
    note = "No version has been frozen yet. Freeze one with `timbre version freeze`."
    return _table_section("Versions", columns, rows, note)


def _gates(version: Version) -> str:
    failed = [gate.name for gate in version.gates if not gate.passed]
    if failed:
        return f"failed, and overridden ({version.override}): {', '.join(failed)}"
    return f"all {len(version.gates)} passed" if version.gates else "none"


@dataclass(frozen=True)
class _AgreementPoint:
    """A version's reviewer agreement: alpha, or a share of records if `is_share` is set."""

    label: str
    campaign: str
    value: Interval
    is_share: bool


def _agreement_section(store: Store, versions: Sequence[Version]) -> Section:
    points = list(_agreement_points(store, versions))
    cells = tuple(
        (p.label, p.campaign, _MEASURES[p.is_share], number_cell(p.value)) for p in points
    )
    note = (
        "Krippendorff’s alpha of the decision among the reviewers of each version when it was "
        "frozen, oldest first, with its 95 % interval. Where all reviewers agree on every record, "
        "alpha is undefined, and the share of records on which they agree takes its place."
    )
    columns = ("Version", "Campaign", "Measure", "Agreement")
    return Section(
        "Agreement over time",
        (note,),
        _agreement_figures(points),
        (Table("", columns, cells),) if cells else (),
        missing_note="Agreement is undefined for every version.",
    )


def _agreement_figures(points: Sequence[_AgreementPoint]) -> tuple[Figure, ...]:
    if not points:
        return ()
    rows: list[Row] = [
        {"arm": p.label, "low": p.value.low, "estimate": p.value.estimate, "high": p.value.high}
        for p in points
    ]
    caption = Caption("agreement", "Agreement on the decision, by version, with 95 % intervals.")
    low = min(_SCALE[0], *(point.value.low for point in points))
    series = Series(tuple(dict.fromkeys(point.label for point in points)))
    measures = dict.fromkeys(_MEASURES[point.is_share] for point in points)
    axis = Axis(" or ".join(measures), ".1f", (low, _SCALE[1]))
    return (interval_figure(caption, rows, series, axis),)


def _agreement_points(store: Store, versions: Sequence[Version]) -> Iterator[_AgreementPoint]:
    """Yield each version's agreement, oldest first, and skip versions where it is undefined."""
    for version in sorted(versions, key=lambda v: _frozen_at(store, v)):
        for event in store.events(version.id):
            detail = json.loads(event.detail)
            value = detail.get("agreement") or detail.get("unanimity")
            if event.kind is EventKind.FROZEN and value:
                label = f"{version.name} {version.id[:6]}, {event.at[:10]}"
                is_share = not detail.get("agreement")
                yield _AgreementPoint(label, version.campaign, Interval(**value), is_share)
