"""The page over everything: versions, runs, what is promoted, and how agreement went."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from db.records import EventKind, Interval, Output, Version
from db.store import Store
from evaluation.aims import Aim
from evaluation.arms import summarise
from evaluation.charts import Axis, Caption, Figure, Row, Series, interval_figure
from evaluation.errors import EvaluationError
from evaluation.pages import Page, Section, Sheet, number_cell, share_cell, write_page
from evaluation.verdict import review_notice
from pipelines.form import FormError
from timbre.aims import subject_of
from timbre.campaign import load_campaign
from timbre.evidence import measured_arms
from timbre.promotion import promotions
from timbre.runs import RunState, RunStatus, campaign_runs
from timbre.settings import Settings, SettingsError, config_file
from timbre.versions import judged_by, sides

_SCALE = (-0.2, 1.0)


def write_overview(store: Store, settings: Settings) -> Path:
    """Write the page over all versions and runs; the same contents write the same."""
    return write_page(overview(store), settings.reports / "index.html")


def overview(store: Store) -> Page:
    """The page over all versions and runs, the newest first."""
    versions = list(store.stream(Version))
    runs = sorted(campaign_runs(store, ""), key=lambda status: status.at, reverse=True)
    finished = sum(status.state is RunState.FINISHED for status in runs)
    kinds = {kind for version in versions for kind in version.reviewer_kinds}
    dates = [*(frozen_at(store, version) for version in versions), *(s.at for s in runs)]
    return Page(
        eyebrow="Timbre",
        title="Versions and runs",
        verdict=f"{len(versions)} versions; {len(runs)} runs, {finished} of them finished. "
        f"{_promoted_in_words(store)}",
        notice=review_notice(kinds),
        written_at=max(dates, default="an unknown time"),
        sections=(
            _promotions(store),
            _runs(store, runs, {version.id: version for version in versions}),
            _versions(store, versions),
            _agreement(store, versions),
        ),
    )


def frozen_at(store: Store, version: Version) -> str:
    """When a version was frozen, empty where that is not known."""
    kept = [e.at for e in store.events(version.id) if e.kind is EventKind.FROZEN]
    return kept[0] if kept else ""


def _promoted_in_words(store: Store) -> str:
    newest = {each.campaign: each.run.id[:12] for each in promotions(store)}
    said = ", ".join(f"{run} for {campaign}" for campaign, run in sorted(newest.items()))
    return f"Promoted: {said}." if said else "No run has been promoted yet."


def _promotions(store: Store) -> Section:
    rows = tuple(
        (p.at[:16], p.campaign, p.run.id[:12], p.over[:12], p.reason)
        for p in reversed(promotions(store))
    )
    columns = ("When", "Campaign", "Run", "Over", "Why")
    return Section(
        "Promoted adapters",
        sheets=(Sheet("", columns, rows),) if rows else (),
        absent="No run has been promoted yet; see `timbre run promote`.",
    )


def _runs(store: Store, runs: Sequence[RunStatus], versions: dict[str, Version]) -> Section:
    rows = tuple(_run_row(store, status, versions.get(status.run.version)) for status in runs)
    columns = (
        "Run", "Version", "Base", "Seed", "State", "When", "Loss", "Meets its target",
    )  # fmt: skip
    return Section(
        "Runs",
        sheets=(Sheet("", columns, rows),) if rows else (),
        absent="Nothing has been trained yet; see `timbre train`.",
    )


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
        _target(store, status, version.campaign if version else ""),
    )


def _target(store: Store, status: RunStatus, campaign: str) -> str:
    """How often the run's own answers meet the target, where they were measured."""
    aim = _aim(campaign)
    outputs = list(store.stream(Output, run=status.run.id, arm="tuned"))
    if aim is None or not outputs:
        return "not measured"
    (arm,) = measured_arms(store, {"tuned": outputs}, aim)
    rate = summarise(arm, aim.feature).target
    return f"{share_cell(rate)} {aim.feature.label.lower()}" if rate else "not measured"


def _aim(campaign: str) -> Aim | None:
    """The aim of a campaign whose file is still there."""
    try:
        return subject_of(load_campaign(config_file("campaigns", campaign))).aim
    except (SettingsError, FormError, EvaluationError):
        return None


def _versions(store: Store, versions: Sequence[Version]) -> Section:
    rows = tuple(
        (
            f"{v.name} {v.id[:12]}",
            v.campaign,
            frozen_at(store, v)[:16],
            sides(v),
            judged_by(v),
            _gates(v),
        )
        for v in reversed(versions)
    )
    columns = ("Version", "Campaign", "Frozen", "Examples", "Judged by", "Gates")
    return Section(
        "Versions",
        sheets=(Sheet("", columns, rows),) if rows else (),
        absent="No version has been frozen yet; see `timbre version freeze`.",
    )


def _gates(version: Version) -> str:
    failed = [gate.name for gate in version.gates if not gate.passed]
    if failed:
        return f"failed, and overridden ({version.override}): {', '.join(failed)}"
    return f"all {len(version.gates)} passed" if version.gates else "none"


def _agreement(store: Store, versions: Sequence[Version]) -> Section:
    found = list(_agreements(store, versions))
    rows: list[Row] = [
        {"arm": label, "low": value.low, "estimate": value.estimate, "high": value.high}
        for label, _, value in found
    ]
    cells = tuple((label, campaign, number_cell(value)) for label, campaign, value in found)
    return Section(
        "Agreement over time",
        ("Krippendorff’s alpha of the decision among the reviewers of each version when it was "
         "frozen, oldest first, with its 95 % interval.",),
        _figures(rows),
        (Sheet("", ("Version", "Campaign", "Alpha"), cells),) if cells else (),
        absent="No version has an agreement that is defined.",
    )  # fmt: skip


def _figures(rows: list[Row]) -> tuple[Figure, ...]:
    if not rows:
        return ()
    caption = Caption("agreement", "Agreement on the decision, by version, with 95 % intervals.")
    low = min(_SCALE[0], *(float(row["low"]) for row in rows))
    series = Series(tuple(dict.fromkeys(str(row["arm"]) for row in rows)))
    axis = Axis("Krippendorff’s alpha", ".1f", (low, _SCALE[1]))
    return (interval_figure(caption, rows, series, axis),)


def _agreements(store: Store, versions: Sequence[Version]) -> Iterator[tuple[str, str, Interval]]:
    for version in sorted(versions, key=lambda v: frozen_at(store, v)):
        for happened in store.events(version.id):
            if happened.kind is EventKind.FROZEN:
                told = json.loads(happened.detail).get("agreement")
                if told:
                    label = f"{version.name} {version.id[:6]}, {happened.at[:10]}"
                    yield label, version.campaign, Interval(**told)
