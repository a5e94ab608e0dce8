"""`timbre run watch`, `perform` and `queue`: runs that dataset versions start."""

from typing import Annotated

import typer

from timbre.console import complain, facts, say, table
from timbre.settings import config_file, read_settings
from timbre.stores import open_store


def watch(
    campaign: Annotated[
        list[str] | None, typer.Argument(help="Campaigns to see to; all that have [watch] if none.")
    ] = None,
    trigger: Annotated[bool, typer.Option(help="Put runs into the queue.")] = True,
    train: Annotated[bool, typer.Option(help="Take runs from the queue and do them.")] = True,
    reviews: Annotated[
        str, typer.Option(help="Bring reviews in too: the HOST:PORT at which Argilla reaches us.")
    ] = "",
    every: Annotated[float, typer.Option(min=0.1, help="Seconds between two looks.")] = 5.0,
) -> None:
    """Start a campaign's configured runs when a version appears that fits its [watch] section.

    Each is done once, whatever crashes and however many workers share the queue; one that dies is
    tried once more and then reported (`timbre run queue`). Ctrl-C or SIGTERM stops the worker; a
    run under way goes on from its last checkpoint another time.

    Example: timbre run watch demo-tone
    """
    import signal

    from timbre.logs import set_up_logs
    from timbre.worker import Watching, Worker

    settings = read_settings()
    set_up_logs(settings)
    worker = Worker(settings, Watching(tuple(campaign or ()), trigger, train, every))
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: worker.stop())
    if reviews:
        from timbre.attending import attend
        from timbre.triggers import watched

        attend(settings, [one for _, one in watched(campaign or [])], reviews, worker.stopped)
    worker.watch()


def perform(
    version: Annotated[str, typer.Argument(help="A version's id (6 digits or more) or name.")],
    campaign: Annotated[str, typer.Option(help="The campaign that says what to ask.")],
    config: Annotated[str, typer.Option(help="A training file; the campaign's if left out.")] = "",
) -> None:
    """Train on a version, answer its held-out prompts and measure the answers, as `watch` does.

    What is there already is not done again. A database that is away, or another Timbre's, ends
    it with status 75, which is no failure of the run.

    Example: timbre run perform demo-tone --campaign demo-tone
    """
    from dataclasses import replace

    from db.errors import StoreAwayError, StoreVersionError
    from timbre.campaign import load_campaign
    from timbre.errors import sentence
    from timbre.jobs import AWAY
    from timbre.performing import perform_run
    from timbre.versions import found_version

    settings = read_settings()
    loaded = load_campaign(config_file("campaigns", campaign))
    if config:
        loaded = replace(loaded, training=config)
    try:
        with open_store(settings) as store:
            perform_run(store, loaded, found_version(store, version), settings)
    except (StoreAwayError, StoreVersionError) as error:
        complain(sentence(str(error)))
        raise typer.Exit(AWAY) from None


def queue(
    retry: Annotated[str, typer.Option(help="The key of a failed one to be begun anew.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print them as JSON.")] = False,
) -> None:
    """List the runs that versions started, how far they are, and why one was given up.

    Example: timbre run queue --json
    """
    from timbre.jobs import Ledger
    from timbre.settings import SettingsError

    ledger = Ledger(read_settings().jobs)
    statuses = ledger.all()
    if retry:
        chosen = [status for status in statuses if status.job.key == retry]
        if not chosen:
            raise SettingsError(
                f"found no job “{retry}”, expected a key that `timbre run queue` lists"
            )
        ledger.forget(chosen[0].job)
        say(f"{retry} is begun anew when the worker next looks.")
        return
    columns = ("key", "campaign", "version", "training", "state", "attempts", "at", "reason")
    rows = [
        (
            *(s.job.key, s.job.campaign, s.job.version[:12], s.job.training),
            *(s.state.value, s.attempts, s.at, s.reason),
        )
        for s in statuses
    ]
    if as_json:
        facts([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        table(columns, rows)
