"""`timbre review`: send records to reviewers and collect their reviews."""

from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Literal

import typer

from timbre.commands.options import AsJson, Campaign, Full
from timbre.console import echo, print_json, print_rows, print_table, progress
from timbre.settings import read_settings
from timbre.stores import open_store

app = typer.Typer(
    no_args_is_help=True, help="Serve Argilla, manage reviewers, push records and pull reviews."
)
user_app = typer.Typer(no_args_is_help=True, help="Manage reviewer accounts.")
app.add_typer(user_app, name="user")

_Outputs = Annotated[
    bool,
    typer.Option("--outputs", help="Use blind comparisons of model outputs instead of candidates."),
]


@app.command()
def serve(
    host: Annotated[
        str, typer.Option(help="Address to listen on, such as 127.0.0.1.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on.")] = 6900,
) -> None:
    """Serve the Argilla web UI until you press Ctrl-C.

    The server's environment is created the first time you run this command.

    Example: timbre review serve --port 6901
    """
    from timbre.argilla import serve as run_server

    run_server(read_settings(), host, port)


@app.command()
def install() -> None:
    """Create the embedded server's environment and print the path of its Python interpreter.

    Example: timbre review install
    """
    from timbre.argilla import install_server

    echo(str(install_server(read_settings())))


@app.command()
def logins() -> None:
    """Print the logins that Timbre generated.

    Example: timbre review logins
    """
    from timbre.argilla import known_logins

    print_table(("user", "password", "server"), known_logins(read_settings()))


@user_app.command()
def add(
    name: Annotated[str, typer.Argument(help="Name of the new user.")],
    role: Annotated[
        Literal["annotator", "admin", "owner"], typer.Option(help="Role of the new user.")
    ] = "annotator",
) -> None:
    """Add a user with a generated password. The Argilla server must be running.

    Example: timbre review user add ada --role annotator
    """
    from annotation.argilla.accounts import UserRole
    from timbre.argilla import add_reviewers, check_person, connection

    check_person(name)
    settings = read_settings()
    account = add_reviewers(settings, connection(settings), [name], UserRole(role))[0]
    echo(f"{account.name} ({account.role}), password {account.password or '(already set)'}")


@user_app.command("list")
def list_users(as_json: AsJson = False) -> None:
    """List all users who can review.

    Example: timbre review user list
    """
    from annotation.argilla.accounts import list_users as fetch_users
    from timbre.argilla import connection, is_rule

    users = fetch_users(connection(read_settings()))
    kinds = {True: "rule", False: "person"}
    rows = [(u.name, u.role.value, kinds[is_rule(u.name)]) for u in users]
    print_rows(("user", "role", "kind"), rows, as_json)


@app.command()
def push(campaign: Campaign, outputs: _Outputs = False) -> None:
    """Push a campaign's candidates to reviewers.

    With --outputs, the command pushes blind comparisons of outputs instead.

    Example: timbre review push demo-tone
    """
    from timbre.argilla import connection, describe_access
    from timbre.campaign import load_campaign

    settings, loaded = read_settings(), load_campaign(campaign)
    argilla = connection(settings)
    from timbre.workflows.review.push import push as push_candidates
    from timbre.workflows.review.push import push_outputs

    send = push_outputs if outputs else push_candidates
    with open_store(settings) as store, progress("push") as advance:
        count = send(store, loaded, argilla, advance)
    echo(f"{count.new} new, {count.changed} corrected, {count.unchanged} unchanged.")
    echo(describe_access(argilla, loaded.review.annotators))


@app.command()
def pull(campaign: Campaign) -> None:
    """Pull new, changed and deleted reviews from Argilla into the store.

    Example: timbre review pull demo-tone
    """
    from timbre.argilla import connection
    from timbre.campaign import load_campaign

    settings, loaded = read_settings(), load_campaign(campaign)
    argilla = connection(settings)
    from timbre.workflows.review.pull import pull_campaign

    with open_store(settings) as store:
        counts = dict(pull_campaign(store, loaded, argilla))
    for dataset, count in counts.items():
        echo(
            f"{dataset}: {count.new} new, {count.changed} changed, {count.deleted} deleted, "
            f"{count.unchanged} unchanged."
        )
    if not counts:
        _suggest_push(loaded.name)


@app.command()
def adjudicate(campaign: Campaign) -> None:
    """Push candidates that reviewers disagree on to the adjudicator, with the reviewers' answers.

    Example: timbre review adjudicate demo-tone
    """
    from timbre.argilla import connection
    from timbre.campaign import load_campaign

    settings, loaded = read_settings(), load_campaign(campaign)
    argilla = connection(settings)
    from timbre.workflows.review.push import push_ties

    with open_store(settings) as store, progress("push ties") as advance:
        count = push_ties(store, loaded, argilla, advance)
    echo(f"{loaded.adjudication_dataset}: {count.new} new, {count.unchanged} unchanged.")


@app.command()
def watch(
    campaign: Campaign,
    host: Annotated[
        str, typer.Option(help="Address to listen on for Argilla's webhooks.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on (0 means any free port).")] = 0,
    address: Annotated[
        str,
        typer.Option(
            help="URL at which Argilla can reach this machine (required if Argilla runs on another "
            "machine)."
        ),
    ] = "",
    every: Annotated[
        float, typer.Option(min=1, help="Number of seconds between pulls of all reviews.")
    ] = 300.0,
) -> None:
    """Pull reviews as they're submitted, until you press Ctrl-C.

    Argilla announces each review through a webhook. Regular pulls of all reviews catch any
    announcements that were missed.

    Example: timbre review watch demo-tone --every 60
    """
    import signal

    from timbre.argilla import connection
    from timbre.campaign import load_campaign

    settings, loaded = read_settings(), load_campaign(campaign)
    argilla = connection(settings)
    from annotation.argilla.review_watcher import WatchConfig
    from timbre.workflows.review.pull import review_watcher

    with open_store(settings) as store:
        config = WatchConfig(host, port, address, every)
        watcher = review_watcher(store, loaded, argilla, echo, config)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: watcher.stopped.set())
        watcher.run()
    echo("Stopped.")


@app.command()
def status(campaign: Campaign, outputs: _Outputs = False, as_json: AsJson = False) -> None:
    """Show a campaign's review progress, each reviewer's speed, and the flagged records.

    Speeds and flags are based on the reviews pulled so far.

    Example: timbre review status demo-tone
    """
    from timbre.argilla import connection
    from timbre.campaign import load_campaign

    settings, loaded = read_settings(), load_campaign(campaign)
    argilla = connection(settings)
    from timbre.workflows.review.pull import campaign_progress

    with open_store(settings) as store:
        review_progress = campaign_progress(store, loaded, argilla, outputs)
    if as_json:
        print_json(_with_seconds(asdict(review_progress)))
        return
    for dataset, count in review_progress.datasets:
        echo(f"{dataset}: {count.completed} of {count.total} records have all their reviews.")
    if not review_progress.datasets:
        _suggest_push(loaded.name)
    if review_progress.reviewers:
        rows = [
            (r.reviewer, r.done, r.left, _format(r.time_per_record), _format(r.time_left))
            for r in review_progress.reviewers
        ]
        print_table(("reviewer", "done", "left", "per record", "time left"), rows)
    for flag in review_progress.flags:
        echo(f"{flag.reviewer} flagged {flag.subject[:12]} as {flag.kind}.")


@app.command()
def agreement(
    campaign: Campaign,
    outputs: _Outputs = False,
    most: Annotated[
        int,
        typer.Option(min=0, help="Number of records to suggest for discussion for each question."),
    ] = 3,
    full: Full = False,
    as_json: AsJson = False,
) -> None:
    """Show how well a campaign's reviewers agree and which records they should discuss.

    With --full, the table also has each reviewer against the others, and each pair of reviewers.

    Example: timbre review agreement demo-tone
    """
    from timbre.campaign import load_campaign

    loaded = load_campaign(campaign)
    from annotation.agreement.measurement import answered_questions, measure_agreement
    from annotation.agreement.summary import (
        agreement_rows,
        records_to_discuss,
        uninformative_reviewers,
    )
    from timbre.workflows.review.pull import independent_reviews, reviewed_texts

    ratings = loaded.review_settings.ratings
    with open_store() as store:
        reviews = independent_reviews(store, loaded, outputs)
        disagreements = records_to_discuss(reviews, most, ratings)
        texts = reviewed_texts(store, [record.subject for record in disagreements])
    questions = answered_questions(reviews)
    rows = agreement_rows(measure_agreement(reviews, questions, ratings=ratings))
    uninformative = uninformative_reviewers(
        reviews, loaded.datasets_of(loaded.calibration_dataset), ratings
    )
    if as_json:
        print_json(
            {
                "agreement": [asdict(row) for row in rows],
                "uninformative": uninformative,
                "to_discuss": [asdict(record) for record in disagreements],
            }
        )
        return
    columns = ("question", "between", "measure", "records", "value")
    shown = rows if full else [row for row in rows if row.between == "all"]
    print_table(columns, [(r.question, r.between, r.measure, r.records, r.value) for r in shown])
    for line in uninformative:
        echo(f"Uninformative: {line}.")
    if disagreements:
        answers = [
            (
                *(d.question, d.subject[:12], texts.get(d.subject, "")),
                "; ".join(f"{name}: {a}" for name, a in d.answers),
            )
            for d in disagreements
        ]
        print_table(("question", "discuss", "text", "answers"), answers)


@app.command()
def judges(campaign: Campaign, as_json: AsJson = False) -> None:
    """Show how well suggestions agree with the reviewers, and which measures can serve as gates.

    If the campaign names a judge, the judge first rates the reviewed candidates, and its ratings
    are compared with the reviews.

    Example: timbre review judges demo-tone
    """
    from timbre.campaign import load_campaign

    settings, loaded = read_settings(), load_campaign(campaign)
    from annotation.agreement.summary import format_coefficient
    from db.reviews import current_reviews
    from evaluation.scorer_cards import FEWEST
    from timbre.workflows.freeze import suggestion_cards
    from timbre.workflows.judge import rate, rating_cards

    with open_store(settings) as store:
        rate(store, loaded, (), settings)
        reviews = list(current_reviews(store, dataset=loaded.candidate_datasets))
        suggesting = list(suggestion_cards(store, loaded))
        rating = list(rating_cards(store, loaded, reviews))
    cards = [*suggesting, *rating]
    worth = {c.name: "may gate" for c in suggesting} | {c.name: "reliable" for c in rating}
    threshold = loaded.gates.judge_kappa
    worth |= {c.name: "diagnostic only" for c in cards if c.diagnostic_only(threshold)}
    worth |= {
        c.name: "useless, because it gives every text the same rating" for c in cards if c.saturated
    }
    if as_json:
        print_json([asdict(card) | {"standing": worth[card.name]} for card in cards])
        return
    for card in cards:
        rates = (("true positives", card.recall), ("false positives", card.false_alarms))
        rows = [
            ("labels", f"{card.n} by {card.labels_by}"),
            *((name, format_coefficient(rate) if rate else "none") for name, rate in rates),
            ("kappa", format_coefficient(card.kappa)),
            ("base rate", f"{card.base_rate:.2f}"),
            ("accuracy", format_coefficient(card.accuracy)),
            ("accuracy of a constant answer", f"{card.constant_guess:.2f}"),
            ("judge and rubric", card.fingerprint[:12]),
            ("standing", worth[card.name]),
        ]
        print_table((card.name, ""), rows)
    if not cards:
        echo(f"No measure has made suggestions for {FEWEST} records that reviewers also answered.")


def _suggest_push(campaign: str) -> None:
    echo(f"{campaign} has no dataset in Argilla. Create one with `timbre review push {campaign}`.")


def _format(time: timedelta | None) -> str:
    return str(timedelta(seconds=round(time.total_seconds()))) if time is not None else "unknown"


def _with_seconds(value: object) -> object:
    """Convert durations to seconds, also inside dicts and lists, because JSON has no durations."""
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, dict):
        return {name: _with_seconds(one) for name, one in value.items()}
    return [_with_seconds(one) for one in value] if isinstance(value, (list, tuple)) else value
