"""`timbre version`: freeze what people approved."""

from itertools import groupby
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from timbre.commands.options import AsJson, Campaign, Version
from timbre.console import echo, echo_error, print_json, print_rows, progress
from timbre.stores import open_store

if TYPE_CHECKING:
    from db.versions.contents import PairCount

app = typer.Typer(no_args_is_help=True, help="Freeze, list, check, compare and export versions.")


@app.command()
def freeze(
    campaign: Campaign,
    name: Annotated[
        str, typer.Option(help="Name of the new version (default: the campaign's name).")
    ] = "",
    override: Annotated[
        str, typer.Option(help="Freeze the version even if a gate fails, and record this reason.")
    ] = "",
) -> None:
    """Freeze a campaign's approved texts as a version, if they pass the gates.

    Example: timbre version freeze demo-tone --name first
    """
    from timbre.campaign import load_campaign

    loaded = load_campaign(campaign)
    from db.versions.contents import pair_counts, pair_rejections
    from timbre.workflows.freeze import freeze_campaign

    with open_store() as store, progress("freeze"):
        version = freeze_campaign(store, loaded, name or loaded.name, override)
        pairs, rejections = pair_counts(store, version), pair_rejections(store, version)
    echo(f"Version {version.id[:12]} “{version.name}”: {version.split_counts}.")
    _echo_pairs(pairs, rejections)
    for gate in version.gates:
        echo(f"  {'passed' if gate.passed else 'OVERRIDDEN'}  {gate.name}: {gate.found}")


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List all versions.

    Example: timbre version list
    """
    from db import records

    with open_store() as store:
        rows = [
            (v.id[:12], v.name, v.campaign, v.train, v.validation, v.test, v.pairs, v.reviewers)
            for v in store.stream(records.Version)
        ]
    columns = ("id", "name", "campaign", "train", "validation", "test", "pairs", "reviewed by")
    print_rows(columns, rows, as_json)


@app.command()
def show(version: Version, as_json: AsJson = False) -> None:
    """Show a version's splits, preference pairs, gates and reviewers.

    Example: timbre version show demo-tone --json
    """
    from db.descriptions import describe
    from db.records import plain
    from db.versions.contents import find_version, pair_counts, pair_rejections

    with open_store() as store:
        record = find_version(store, version)
        events = store.events(record.id)
        pairs, rejections = pair_counts(store, record), pair_rejections(store, record)
    if as_json:
        details = {"events": plain(tuple(events)), "pair_counts": plain(tuple(pairs))}
        print_json({"id": record.id, **plain(record), **details})
        return
    echo(f"Version {record.id} “{record.name}” of {record.campaign}: {record.split_counts}.")
    _echo_pairs(pairs, rejections)
    echo(f"Reviewed by {record.reviewers}.")
    for gate in record.gates:
        outcome = "passed" if gate.passed else "FAILED"
        echo(f"  {outcome}  {gate.name}: {gate.found}; {gate.expected}")
    if record.override:
        echo(f"  overridden: {record.override}")
    for event in events:
        echo(f"  {describe(event)}")


def _echo_pairs(counts: "list[PairCount]", rejections: dict[str, int]) -> None:
    for source, group in groupby(counts, key=lambda each: each.source):
        splits = ", ".join(f"{each.count} {each.split}" for each in group)
        echo(f"  pairs from {source}: {splits}")
    for reason, count in rejections.items():
        echo(f"  rejected pairs: {count} {reason}")


@app.command()
def verify(version: Version, as_json: AsJson = False) -> None:
    """Recompute every hash of a version and list the differences.

    The exit status is 1 if there are any differences.

    Example: timbre version verify demo-tone
    """
    from dataclasses import asdict

    from db.versions.contents import find_version
    from db.versions.verify import verify as find_differences

    with open_store() as store:
        record = find_version(store, version)
        differences = find_differences(store, record)
    if as_json:
        print_json({"id": record.id, "differences": [asdict(each) for each in differences]})
    for difference in () if as_json else differences:
        echo(str(difference))
    if differences:
        raise typer.Exit(1)
    if not as_json:
        echo(f"Version {record.id[:12]} “{record.name}” is intact.")


@app.command()
def diff(
    before: Version,
    after: Annotated[str, typer.Argument(help="Name or id of the version to compare with.")],
    as_json: AsJson = False,
) -> None:
    """Show what was added, removed, edited and relabelled between two versions.

    Example: timbre version diff first second
    """
    from dataclasses import asdict

    from db.descriptions import agreement_in_words
    from db.versions.contents import find_version
    from db.versions.diff import diff as compare

    with open_store() as store:
        changes = compare(store, find_version(store, before), find_version(store, after))
    if as_json:
        print_json(asdict(changes))
        return
    for name in ("added", "removed"):
        echo(f"{len(getattr(changes, name))} {name}")
        for example in getattr(changes, name):
            echo(f"  {example}")
    for name in ("edited", "relabelled"):
        echo(f"{len(getattr(changes, name))} {name}")
        for change in getattr(changes, name):
            fields = ", ".join(change.fields)
            echo(f"  {change.candidate}: {change.before[:12]} to {change.after[:12]} ({fields})")
    echo(f"{changes.unchanged} unchanged")
    pairs = changes.pairs
    if pairs.added or pairs.removed or pairs.unchanged:
        added, removed = len(pairs.added), len(pairs.removed)
        echo(f"pairs: {added} added, {removed} removed, {pairs.unchanged} unchanged")
    old, new = map(agreement_in_words, changes.agreement)
    echo(f"agreement on the decision: {old} before, {new} after")


@app.command()
def export(
    version: Version,
    folder: Annotated[str, typer.Option(help="Folder to write the export to.")] = "export",
    form: Annotated[
        Literal[
            "chat",
            "text",
            "parquet",
            "dataset",
            "openai",
            "together",
            "fireworks",
            "preferences",
            "openai-preferences",
        ],
        typer.Option("--format", help="File format of the export."),
    ] = "chat",
) -> None:
    """Export a version for other tools, with the attribution that its articles' licence requires.

    Files for OpenAI, Together and Fireworks are checked against the rules of each service.
    `preferences` exports preference pairs in the format of TRL's trainers, and `openai-preferences`
    in the format of OpenAI. Pairs of the test split are never exported.

    Example: timbre version export demo-tone --format parquet --folder out
    """
    from pathlib import Path

    from db.versions.contents import find_version

    with open_store() as store:
        record = find_version(store, version)
        from db.exports.export import PAIR_FORMATS, ExportFormat
        from db.exports.export import export as write
        from db.exports.pairs import withheld_pairs

        echo(str(write(store, record, Path(folder), ExportFormat(form))))
        withheld = withheld_pairs(store, record) if form in PAIR_FORMATS else 0
    if withheld:
        echo_error(
            f"{withheld} pairs of the test split weren't exported, because training on them would "
            "contaminate the test."
        )


@app.command()
def erase(
    reviewer: Annotated[str, typer.Option(help="Erase all answers from this reviewer.")] = "",
    article: Annotated[
        str, typer.Option(help="Erase this article and everything generated from it.")
    ] = "",
    yes: Annotated[
        bool, typer.Option("--yes", help="Erase without asking for confirmation.")
    ] = False,
) -> None:
    """Erase a person's answers or an article, and permanently mark the affected versions.

    Example: timbre version erase --reviewer ada --yes
    """
    from db.erasure import erase as erase_records
    from db.records import Article

    if bool(reviewer) == bool(article):
        raise typer.BadParameter(
            "Exactly one of --reviewer and --article is required. Name a reviewer or an article."
        )
    if not yes:
        typer.confirm("This can't be undone. Erase the data?", abort=True)
    with open_store() as store:
        source = store.find(Article, article).id if article else None
        erasures = erase_records(store, reviewer=reviewer or None, article=source)
    for erasure in erasures:
        echo(
            f"Version {erasure.version[:12]} “{erasure.name}”: {erasure.examples} examples"
            + (f" and {erasure.pairs} pairs" if erasure.pairs else "")
            + " erased."
        )
        for run in erasure.runs:
            echo(
                f"  Run {run[:12]} was trained on the erased data. Delete its adapter and "
                "reports by hand."
            )
    echo("Erased." if erasures else "Erased. No versions are affected.")
    echo("Argilla and earlier exports still contain the data. Delete it there too.")
