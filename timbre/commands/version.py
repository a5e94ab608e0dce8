"""`timbre version`: what people approved, frozen."""

from enum import StrEnum
from typing import Annotated

import typer

from timbre.console import facts, progress, say, table
from timbre.settings import config_file
from timbre.stores import open_store

app = typer.Typer(no_args_is_help=True, help="Freeze, list, check, compare and export versions.")

_Version = Annotated[str, typer.Argument(help="A version's id (6 digits or more) or name.")]


class Format(StrEnum):
    """The forms a version can be written in."""

    CHAT = "chat"
    TEXT = "text"
    PARQUET = "parquet"
    DATASET = "dataset"


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
def show(version: _Version) -> None:
    """Show a version: its sides, its gates, who judged it.

    Example: timbre version show demo-tone
    """
    from timbre.versions import found_version, judged_by, sides

    with open_store() as store:
        found = found_version(store, version)
        events = store.events(found.id)
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
