"""`timbre run`: the trainings of adapters."""

from typing import Annotated

import typer

from timbre.console import facts, progress, say, table
from timbre.settings import config_file, read_settings
from timbre.stores import found_as, open_store

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
    as_json: Annotated[bool, typer.Option("--json", help="Print the run as JSON.")] = False,
) -> None:
    """Show a run: its configuration, and everything that happened to it.

    Example: timbre run show 3f4cb14a3f95 --json
    """
    import json

    from db.records import Run, plain
    from timbre.runs import withdrawal

    with open_store() as store:
        found = found_as(store, Run, run)
        events = store.events(found.id)
        gone = withdrawal(store, found)
    config = json.loads(found.config)
    if as_json:
        told = [{**plain(event), "detail": json.loads(event.detail)} for event in events]
        facts({"id": found.id, **plain(found), "config": config, "withdrawn": gone, "events": told})
        return
    say(f"Run {found.id}")
    say(f"version {found.version}, base {found.base} ({found.base_fingerprint[:12]})")
    if gone:
        say(gone)
    say(json.dumps(config, indent=2))
    for event in events:
        say(f"{event.at} {event.kind.value} {event.detail}")


@app.command()
def promote(
    run: Annotated[str, typer.Argument(help="A run's id, or its first 6 digits or more.")],
    campaign: Annotated[str, typer.Option(help="The campaign that is to use it.")],
    anyway: Annotated[str, typer.Option(help="Promote it uncompared, and say why.")] = "",
) -> None:
    """Promote a run if it beats the promoted one on its held-out prompts; exits 1 if it does not.

    Where none is promoted yet, it has to beat the base model. What was found is kept either way.

    Example: timbre run promote 3f4cb14a3f95 --campaign demo-tone
    """
    from timbre.campaign import load_campaign
    from timbre.promotion import consider, judged_in_words, promote_anyway
    from timbre.runs import found_run

    settings = read_settings()
    loaded = load_campaign(config_file("campaigns", campaign))
    with open_store(settings) as store, progress("compare") as advance:
        found = found_run(store, loaded.name, run)
        if anyway:
            promote_anyway(store, loaded.name, found, anyway)
            say(f"Run {found.id[:12]} is promoted without comparison.")
            return
        judgement = consider(store, loaded, found, settings, advance)
    say(judged_in_words(found, judgement))
    if not judgement.better:
        raise typer.Exit(1)


@app.command()
def promoted(
    campaign: Annotated[str, typer.Option(help="Only this campaign's promotions.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print them as JSON.")] = False,
) -> None:
    """List the promotions, the newest last: the last one of a campaign is what it uses.

    Example: timbre run promoted --campaign demo-tone
    """
    from timbre.promotion import promotions

    with open_store() as store:
        found = promotions(store, campaign)
    columns = ("campaign", "run", "at", "over", "reason")
    rows = [(p.campaign, p.run.id[:12], p.at, p.over[:12], p.reason) for p in found]
    if as_json:
        facts([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        table(columns, rows)


@app.command()
def chat(
    run: Annotated[str, typer.Argument(help="A run's id, or its first 6 digits or more.")],
    system: Annotated[str, typer.Option(help="A system prompt to talk with.")] = "",
    base: Annotated[bool, typer.Option("--base", help="Let the base model answer too.")] = False,
    new_tokens: Annotated[int, typer.Option(min=1, help="Tokens in an answer at most.")] = 128,
    temperature: Annotated[float, typer.Option(min=0.0, help="0 is always the likeliest.")] = 0.0,
) -> None:
    """Talk to a run's adapter, side by side with its base on request; Ctrl-D ends it.

    Each line is a turn, `/new` begins another talk. Lines may be piped in.

    Example: timbre run chat 3f4cb14a3f95 --base
    """
    import sys

    from db.records import Run
    from timbre.chatting import Talk, talk, voices
    from timbre.runs import check_finished

    settings = read_settings()
    with open_store(settings) as store:
        found = found_as(store, Run, run)
        check_finished(store, found)
    ready = voices(found, settings, Talk(system, base, new_tokens, temperature))
    if sys.stdin.isatty():
        say("Say something; /new begins another talk, Ctrl-D ends this one.")
    talk(ready, sys.stdin, say)
