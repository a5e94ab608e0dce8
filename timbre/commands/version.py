"""`timbre version`: what people approved, frozen."""

from enum import StrEnum
from typing import Annotated

import typer

from timbre.console import facts, progress, say, table
from timbre.settings import config_file
from timbre.stores import found_as, open_store

app = typer.Typer(no_args_is_help=True, help="Freeze, list, check, compare and export versions.")

_Version = Annotated[str, typer.Argument(help="A version's id (6 digits or more) or name.")]
_Json = Annotated[bool, typer.Option("--json", help="Print what was found as JSON.")]


class Format(StrEnum):
    """The forms a version can be written in."""

    CHAT = "chat"
    TEXT = "text"
    PARQUET = "parquet"
    DATASET = "dataset"
    OPENAI = "openai"
    TOGETHER = "together"
    FIREWORKS = "fireworks"
    PREFERENCES = "preferences"


@app.command()
def freeze(
    campaign: Annotated[str, typer.Argument(help="A campaign file, or a shipped one's name.")],
    name: Annotated[str, typer.Option(help="What to call the version.")] = "",
    override: Annotated[str, typer.Option(help="Freeze though a gate fails, and say why.")] = "",
) -> None:
    """Freeze what was approved in a campaign, if its gates let it.

    Example: timbre version freeze demo-tone --name first
    """
    from timbre.campaign import load_campaign
    from timbre.freezing import freeze_campaign
    from timbre.versions import sides

    loaded = load_campaign(config_file("campaigns", campaign))
    with open_store() as store, progress("freeze"):
        frozen = freeze_campaign(store, loaded, name or loaded.name, override)
    say(f"Version {frozen.id[:12]} “{frozen.name}”: {sides(frozen)}.")
    for gate in frozen.gates:
        say(f"  {'passed' if gate.passed else 'OVERRIDDEN'}  {gate.name}: {gate.found}")


@app.command("list")
def list_(
    as_json: Annotated[bool, typer.Option("--json", help="Print the versions as JSON.")] = False,
) -> None:
    """List the versions.

    Example: timbre version list
    """
    from db.records import Version
    from timbre.versions import judged_by

    with open_store() as store:
        rows = [
            (v.id[:12], v.name, v.campaign, v.train, v.validation, v.test, judged_by(v))
            for v in store.stream(Version)
        ]
    columns = ("id", "name", "campaign", "train", "validation", "test", "judged by")
    if as_json:
        facts([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        table(columns, rows)


@app.command()
def show(version: _Version, as_json: _Json = False) -> None:
    """Show a version: its sides, its gates, who judged it.

    Example: timbre version show demo-tone --json
    """
    from db.records import plain
    from timbre.versions import found_version, judged_by, sides

    with open_store() as store:
        found = found_version(store, version)
        events = store.events(found.id)
    if as_json:
        facts({"id": found.id, **plain(found), "events": plain(tuple(events))})
        return
    say(f"Version {found.id} “{found.name}” of {found.campaign}: {sides(found)}.")
    say(f"Judged by {judged_by(found)}.")
    for gate in found.gates:
        say(
            f"  {'passed' if gate.passed else 'FAILED'}  {gate.name}: {gate.found}; {gate.expected}"
        )
    if found.override:
        say(f"  overridden: {found.override}")
    for event in events:
        say(f"  {event.at} {event.kind.value} {event.detail}")


@app.command()
def verify(version: _Version, as_json: _Json = False) -> None:
    """Recompute every hash of a version and name what differs; exits 1 if anything does.

    Example: timbre version verify demo-tone
    """
    from dataclasses import asdict

    from db.verify import verify as differences
    from timbre.versions import found_version

    with open_store() as store:
        found = found_version(store, version)
        differing = differences(store, found)
    if as_json:
        facts({"id": found.id, "differences": [asdict(difference) for difference in differing]})
    for difference in () if as_json else differing:
        say(str(difference))
    if differing:
        raise typer.Exit(1)
    if not as_json:
        say(f"Version {found.id[:12]} “{found.name}” is as it was frozen.")


@app.command()
def diff(
    before: _Version,
    after: Annotated[str, typer.Argument(help="The other version's id or name.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the ids as JSON.")] = False,
) -> None:
    """Say what was added, removed, edited and relabelled from one version to another.

    Example: timbre version diff first second
    """
    from dataclasses import asdict

    from db.diff import diff as compare
    from timbre.versions import agreed, found_version

    with open_store() as store:
        found = compare(store, found_version(store, before), found_version(store, after))
    if as_json:
        facts(asdict(found))
        return
    for name in ("added", "removed"):
        say(f"{len(getattr(found, name))} {name}")
        for example in getattr(found, name):
            say(f"  {example}")
    for name in ("edited", "relabelled"):
        say(f"{len(getattr(found, name))} {name}")
        for change in getattr(found, name):
            fields = ", ".join(change.fields)
            say(f"  {change.candidate}: {change.before[:12]} to {change.after[:12]} ({fields})")
    say(f"{found.unchanged} unchanged")
    was, is_now = map(agreed, found.agreement)
    say(f"agreement on the decision: {was} before, {is_now} after")


@app.command()
def export(
    version: _Version,
    folder: Annotated[str, typer.Option(help="Where to write it.")] = "export",
    form: Annotated[Format, typer.Option("--format", help="In which form.")] = Format.CHAT,
) -> None:
    """Write a version for other tools, with the attribution that its articles' licence asks for.

    Training files for openai, together and fireworks are held against their rules; preferences
    are the pairs that people decided, as TRL's DPO trainer reads them.

    Example: timbre version export demo-tone --format parquet --folder out
    """
    from pathlib import Path

    from db.export import ExportFormat
    from db.export import export as write
    from timbre.versions import found_version

    with open_store() as store:
        path = write(store, found_version(store, version), Path(folder), ExportFormat(form.value))
    say(str(path))


@app.command()
def erase(
    reviewer: Annotated[str, typer.Option(help="Erase this person's answers.")] = "",
    article: Annotated[str, typer.Option(help="Erase this article and what came of it.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Erase without asking.")] = False,
) -> None:
    """Remove a person's answers or a source on request; affected versions say so ever after.

    Example: timbre version erase --reviewer ada --yes
    """
    from db.erasure import erase as remove
    from db.records import Article

    if bool(reviewer) == bool(article):
        raise typer.BadParameter("name either --reviewer or --article")
    if not yes:
        typer.confirm("This cannot be undone. Erase?", abort=True)
    with open_store() as store:
        source = found_as(store, Article, article).id if article else None
        touched = remove(store, reviewer=reviewer or None, article=source)
    for erasure in touched:
        say(
            f"Version {erasure.version[:12]} “{erasure.name}”: {erasure.examples} examples touched."
        )
        for run in erasure.runs:
            say(f"  run {run[:12]} was trained on it: its adapter and reports are yours to delete.")
    say("Erased." if touched else "Erased; no version was touched.")
    say("Argilla, and what was exported before, still have it: delete it there too.")
