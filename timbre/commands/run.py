"""`timbre run`: list training runs, chat with them, promote them, and start them automatically."""

from typing import Annotated

import typer

from timbre.commands.options import AsJson, CampaignOption, Full, Run, Version
from timbre.console import (
    echo,
    echo_error,
    format_age,
    print_json,
    print_rows,
    print_table,
    progress,
)
from timbre.settings import SettingsError, read_settings
from timbre.stores import open_store

app = typer.Typer(
    no_args_is_help=True,
    help="List, inspect, start and promote runs, and chat with their adapters.",
)

_OneCampaign = Annotated[str, typer.Option("--campaign", help="Only show this campaign's runs.")]


@app.command("list")
def list_(campaign: _OneCampaign = "", as_json: AsJson = False) -> None:
    """List all runs with their version, base model and state.

    Example: timbre run list
    """
    from db.runs import campaign_runs

    with open_store() as store:
        statuses = campaign_runs(store, campaign)
    rows = [
        (
            s.run.id[:12],
            s.run.version[:12],
            s.run.base,
            s.run.seed,
            s.state.value,
            _when(s.at, as_json),
        )
        for s in statuses
    ]
    print_rows(("id", "version", "base", "seed", "state", "at"), rows, as_json)


@app.command()
def show(run: Run, full: Full = False, as_json: AsJson = False) -> None:
    """Show a run's configuration and history.

    Example: timbre run show 3f4cb14a3f95 --json
    """
    import json

    from db import records
    from db.descriptions import describe
    from db.runs import withdrawal_notice

    with open_store() as store:
        record = store.find(records.Run, run)
        events = store.events(record.id)
        withdrawal = withdrawal_notice(store, record)
    config = json.loads(record.config)
    if as_json:
        history = [{**records.plain(e), "detail": json.loads(e.detail)} for e in events]
        content = {**records.plain(record), "config": config}
        print_json({"id": record.id, **content, "withdrawn": withdrawal, "events": history})
        return
    echo(f"Run {record.id}")
    echo(f"version {record.version}, base {record.base} ({record.base_fingerprint[:12]})")
    if withdrawal:
        echo(withdrawal)
    print_table(("setting", "value"), [(name, value) for name, value in config.items()])
    for event in events:
        echo(f"{event.at} {event.kind.value} {event.detail}" if full else describe(event))


@app.command()
def promote(
    run: Run,
    campaign: CampaignOption,
    anyway: Annotated[
        str, typer.Option(help="Promote the run without a comparison, and record this reason.")
    ] = "",
) -> None:
    """Promote a run if it beats the current one on its held-out prompts.

    If no run has been promoted yet, the run must beat the base model. The result is recorded even
    if the run isn't promoted, in which case the exit status is 1.

    Example: timbre run promote 3f4cb14a3f95 --campaign demo-tone
    """
    from db.runs import find_run
    from timbre.campaign import load_campaign

    settings, loaded = read_settings(), load_campaign(campaign)
    with open_store(settings) as store, progress("compare") as advance:
        record = find_run(store, loaded.name, run)
        from timbre.workflows.promote import (
            describe_decision,
            promote_anyway,
            promote_if_better,
        )

        if anyway:
            promote_anyway(store, loaded.name, record, anyway)
            echo(f"Run {record.id[:12]} was promoted without a comparison.")
            return
        decision = promote_if_better(store, loaded, record, settings, advance)
    echo(describe_decision(record, decision))
    if not decision.is_better:
        raise typer.Exit(1)


@app.command()
def promoted(campaign: _OneCampaign = "", as_json: AsJson = False) -> None:
    """List all promotions from oldest to newest. A campaign uses the run that was promoted last.

    Example: timbre run promoted --campaign demo-tone
    """
    from db.runs import promotions

    with open_store() as store:
        rows = [
            (p.campaign, p.run.id[:12], _when(p.at, as_json), p.over[:12], p.reason)
            for p in promotions(store, campaign)
        ]
    print_rows(("campaign", "run", "at", "over", "reason"), rows, as_json)


@app.command()
def chat(
    run: Run,
    system: Annotated[
        str, typer.Option(help="System prompt for the conversation (default: none).")
    ] = "",
    base: Annotated[
        bool, typer.Option("--base", help="Also show the base model's answers.")
    ] = False,
    new_tokens: Annotated[
        int, typer.Option(min=1, help="Maximum number of tokens in an answer.")
    ] = 128,
    temperature: Annotated[
        float, typer.Option(min=0.0, help="Sampling temperature (0 means greedy decoding).")
    ] = 0.0,
) -> None:
    """Chat with a run's adapter until you press Ctrl-D.

    With --base, the base model answers as well.

    Each input line is one turn, and `/new` starts a new conversation. You can also pipe input into
    the command.

    Example: timbre run chat 3f4cb14a3f95 --base
    """
    import sys

    from db import records
    from db.runs import check_finished

    settings = read_settings()
    with open_store(settings) as store:
        record = store.find(records.Run, run)
        check_finished(store, record)
    from timbre.workflows.answer import tuned_arm
    from trainer.chat_session import ChatOptions, open_conversations, run_chat

    options = ChatOptions(system, base, new_tokens, temperature)
    conversations = open_conversations(tuned_arm(record, settings), options)
    if sys.stdin.isatty():
        echo("Type a message. Enter /new to start a new conversation, or press Ctrl-D to quit.")
    run_chat(conversations, sys.stdin, echo)


@app.command()
def watch(
    campaign: Annotated[
        list[str] | None,
        typer.Argument(help="Campaigns to watch (default: all campaigns with a [watch] section)."),
    ] = None,
    trigger: Annotated[bool, typer.Option(help="Queue runs for new versions.")] = True,
    train: Annotated[bool, typer.Option(help="Train the runs in the queue.")] = True,
    reviews: Annotated[
        str,
        typer.Option(
            help="HOST:PORT at which Argilla can reach this machine. With this option, the worker "
            "also pulls reviews."
        ),
    ] = "",
    every: Annotated[float, typer.Option(min=0.1, help="Polling interval in seconds.")] = 5.0,
) -> None:
    """Start training runs when new versions match the [watch] section of a campaign.

    Each run finishes once, even if workers crash or several of them share the queue. A run whose
    process dies is retried once. If a run dies twice, `timbre run queue` lists it as failed. Ctrl-C
    or SIGTERM stops the worker. The next worker continues the interrupted run from its last
    checkpoint.

    Example: timbre run watch demo-tone
    """
    import signal

    from timbre.worker.logs import set_up_logs
    from timbre.worker.worker import Worker, WorkerOptions, watched_campaigns

    settings = read_settings()
    set_up_logs(settings)
    names = tuple(campaign or ())
    worker = Worker(settings, WorkerOptions(names, trigger, train, every))
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: worker.stop())
    if reviews:
        from timbre.worker.reviews import watch_reviews

        watch_reviews(settings, watched_campaigns(names), reviews, worker.stopped)
    worker.run()


@app.command()
def perform(
    version: Version,
    campaign: CampaignOption,
    config: Annotated[
        str,
        typer.Option(
            help="Path or name of a training file (default: the campaign's training file)."
        ),
    ] = "",
    with_worker: Annotated[bool, typer.Option("--with-worker", hidden=True)] = False,
) -> None:
    """Train on a version, answer its held-out prompts and measure the answers.

    `timbre run watch` uses this command to perform the runs in the queue.

    Finished steps aren't repeated. If the database is unavailable or was created by another version
    of Timbre, the command exits with status 75, and the run isn't counted as failed.

    Example: timbre run perform demo-tone --campaign demo-tone
    """
    from dataclasses import replace

    from db.errors import StoreAwayError, StoreVersionError
    from db.versions.contents import find_version
    from timbre.campaign import load_campaign, load_training
    from timbre.worker.worker import STORE_AWAY, stop_with_worker

    if with_worker:
        stop_with_worker()
    settings, loaded = read_settings(), load_campaign(campaign)
    if config:
        loaded = replace(loaded, training=load_training(config))
    try:
        with open_store(settings) as store:
            record = find_version(store, version)
            from timbre.workflows.perform import perform_run

            perform_run(store, loaded, record, settings)
    except (StoreAwayError, StoreVersionError) as error:
        echo_error(str(error))
        raise typer.Exit(STORE_AWAY) from None


@app.command()
def queue(
    retry: Annotated[str, typer.Option(help="Key of the failed run to retry.")] = "",
    as_json: AsJson = False,
) -> None:
    """List the runs in the queue with their state and, if they failed, the reason.

    Example: timbre run queue --json
    """
    from db.claims import forget, list_claims

    with open_store() as store:
        claims = list_claims(store)
        if retry:
            if retry not in {claim.request.key for claim in claims}:
                raise SettingsError(
                    f"There is no queued run with the key “{retry}”. `timbre run queue` lists the "
                    "keys."
                )
            forget(store, retry)
            echo(f"{retry} is back in the queue. A worker will start it at its next poll.")
            return
    columns = ("key", "campaign", "version", "training", "state", "attempts", "at", "reason")
    rows = [
        (
            *(c.request.key, c.request.campaign, c.request.version[:12], c.request.training),
            *(c.state.value, c.attempts, _when(c.changed_at, as_json), c.reason),
        )
        for c in claims
    ]
    print_rows(columns, rows, as_json)


def _when(at: str, as_json: bool) -> str:
    """A time as people say it, or as it's stored in JSON."""
    return at if as_json else format_age(at)
