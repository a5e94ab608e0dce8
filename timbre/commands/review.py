"""`timbre review`: records out to people, their reviews back."""

from enum import StrEnum
from typing import Annotated

import typer

from timbre.commands import standing
from timbre.console import progress, say, table
from timbre.settings import config_file, read_settings
from timbre.stores import open_store

app = typer.Typer(no_args_is_help=True, help="Review in Argilla: serve, users, push, pull.")
user_app = typer.Typer(no_args_is_help=True, help="Reviewers' accounts.")
app.add_typer(user_app, name="user")

_Campaign = Annotated[str, typer.Argument(help="A campaign file, or a shipped one's name.")]
_Outputs = Annotated[bool, typer.Option("--outputs", help="The blind comparisons instead.")]


class Role(StrEnum):
    """What a user of Argilla may do."""

    ANNOTATOR = "annotator"
    ADMIN = "admin"
    OWNER = "owner"


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on.")] = 6900,
) -> None:
    """Serve the Argilla web UI until Ctrl-C; its environment is made on first use.

    Example: timbre review serve --port 6901
    """
    from timbre.argilla import serve as run_server

    run_server(read_settings(), host, port)


@app.command()
def install() -> None:
    """Make the embedded server's environment now, and print its Python.

    Example: timbre review install
    """
    from timbre.argilla import install_server

    say(str(install_server(read_settings())))


@app.command()
def logins() -> None:
    """Print the logins that Timbre generated.

    Example: timbre review logins
    """
    from timbre.argilla import known_logins

    table(("user", "password", "server"), known_logins(read_settings()))


@user_app.command()
def add(
    name: Annotated[str, typer.Argument(help="The user's name.")],
    role: Annotated[Role, typer.Option(help="What the user may do.")] = Role.ANNOTATOR,
) -> None:
    """Add a user with a generated password; the server must be running.

    Example: timbre review user add ada --role annotator
    """
    from annotation.accounts import UserRole
    from timbre.accounts import add_reviewers, check_person
    from timbre.argilla import connection

    check_person(name)
    settings = read_settings()
    account = add_reviewers(settings, connection(settings), [name], UserRole(role.value))[0]
    say(f"{account.name} ({account.role}), password {account.password or '(set before)'}")


@user_app.command("list")
def list_users() -> None:
    """List who may review.

    Example: timbre review user list
    """
    from annotation.accounts import list_users as listed
    from timbre.accounts import is_rule
    from timbre.argilla import connection

    users = listed(connection(read_settings()))
    kinds = {True: "rule", False: "person"}
    rows = [(u.name, u.role.value, kinds[is_rule(u.name)]) for u in users]
    table(("user", "role", "kind"), rows)


@app.command()
def push(campaign: _Campaign, outputs: _Outputs = False) -> None:
    """Put a campaign's candidates (or the blind comparisons of outputs) before reviewers.

    Example: timbre review push demo-tone
    """
    from timbre.argilla import connection
    from timbre.campaign import load_campaign
    from timbre.reviewing import push as push_candidates
    from timbre.reviewing import push_blind

    settings = read_settings()
    loaded = load_campaign(config_file("campaigns", campaign))
    with open_store(settings) as store, progress("push") as advance:
        send = push_blind if outputs else push_candidates
        pushed = send(store, loaded, connection(settings), advance)
    say(f"{pushed.new} new, {pushed.changed} corrected, {pushed.unchanged} as before.")


@app.command()
def pull(campaign: _Campaign) -> None:
    """Bring what reviewers say now into the store: new, changed and deleted reviews.

    Example: timbre review pull demo-tone
    """
    from timbre.argilla import connection
    from timbre.campaign import load_campaign
    from timbre.reviewing import pull_campaign

    settings = read_settings()
    loaded = load_campaign(config_file("campaigns", campaign))
    with open_store(settings) as store:
        pulled = dict(pull_campaign(store, loaded, connection(settings)))
    for dataset, found in pulled.items():
        say(
            f"{dataset}: {found.new} new, {found.changed} changed, {found.deleted} deleted, "
            f"{found.unchanged} as before."
        )
    if not pulled:
        say(f"{loaded.name} has no dataset in Argilla; put one there with `timbre review push`.")


@app.command()
def adjudicate(campaign: _Campaign) -> None:
    """Put the candidates that reviewers are divided on before an adjudicator, with what they said.

    Example: timbre review adjudicate demo-tone
    """
    from timbre.argilla import connection
    from timbre.campaign import load_campaign
    from timbre.reviewing import push_ties

    settings = read_settings()
    loaded = load_campaign(config_file("campaigns", campaign))
    with open_store(settings) as store, progress("push ties") as advance:
        pushed = push_ties(store, loaded, connection(settings), advance)
    say(f"{loaded.adjudication_dataset}: {pushed.new} new, {pushed.unchanged} as before.")


@app.command()
def watch(
    campaign: _Campaign,
    host: Annotated[str, typer.Option(help="Address to hear Argilla at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to hear it at; 0 takes any.")] = 0,
    address: Annotated[str, typer.Option(help="Where Argilla finds us; by default, here.")] = "",
    every: Annotated[float, typer.Option(min=1, help="Seconds between pulls of all.")] = 300.0,
) -> None:
    """Bring reviews in as they are submitted, until Ctrl-C.

    Argilla tells by webhooks; a pull of everything now and then finds what none of them told.

    Example: timbre review watch demo-tone --every 60
    """
    import signal

    from timbre.argilla import connection
    from timbre.campaign import load_campaign
    from timbre.watching import Watch, WatchPlan

    settings = read_settings()
    loaded = load_campaign(config_file("campaigns", campaign))
    with open_store(settings) as store:
        plan = WatchPlan(host, port, address, every)
        watching = Watch(store, loaded, connection(settings), say, plan)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: watching.stopped.set())
        watching.run()
    say("Stopped.")


app.command()(standing.status)
app.command()(standing.agreement)
app.command()(standing.judges)
