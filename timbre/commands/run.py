"""`timbre run`: the trainings of adapters."""

from typing import Annotated

import typer

from timbre.console import facts, say, table
from timbre.stores import open_store

app = typer.Typer(no_args_is_help=True, help="List and show runs.")


@app.command("list")
def list_(
    campaign: Annotated[str, typer.Option(help="Only this campaign's runs.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the runs as JSON.")] = False,
) -> None:
    """List the runs with their version, base model and state.

    Example: timbre run list
    """
    from timbre.runs import campaign_runs

    with open_store() as store:
        statuses = campaign_runs(store, campaign)
    columns = ("id", "version", "base", "seed", "state", "at")
    rows = [
        (s.run.id[:12], s.run.version[:12], s.run.base, s.run.seed, s.state.value, s.at)
        for s in statuses
    ]
    if as_json:
        facts([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        table(columns, rows)


@app.command()
def show(
    run: Annotated[str, typer.Argument(help="A run's id, or its first 6 digits or more.")],
) -> None:
    """Show a run: its configuration, and everything that happened to it.

    Example: timbre run show 3f4cb14a3f95
    """
    import json

    from db.records import Run
    from timbre.stores import found_as

    with open_store() as store:
        found = found_as(store, Run, run)
        events = store.events(found.id)
    say(f"Run {found.id}")
    say(f"version {found.version}, base {found.base} ({found.base_fingerprint[:12]})")
    say(json.dumps(json.loads(found.config), indent=2))
    for event in events:
        say(f"{event.at} {event.kind.value} {event.detail}")
