"""`timbre review`: records out to people, their reviews back."""

from enum import StrEnum
from typing import Annotated

import typer

from timbre.console import facts, progress, say, table
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
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 6900,
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
    from timbre.accounts import RULE_PREFIX
    from timbre.argilla import connection

    users = listed(connection(read_settings()))
    kinds = {True: "rule", False: "person"}
    rows = [(u.name, u.role.value, kinds[u.name.startswith(RULE_PREFIX)]) for u in users]
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
def pull(campaign: _Campaign, outputs: _Outputs = False) -> None:
    """Bring what reviewers say now into the store: new, changed and deleted reviews.

    Example: timbre review pull demo-tone
    """
    from timbre.argilla import connection
    from timbre.campaign import load_campaign
    from timbre.reviewing import pull_reviews

    settings = read_settings()
    loaded = load_campaign(config_file("campaigns", campaign))
    dataset = loaded.outputs_dataset if outputs else loaded.candidates_dataset
    with open_store(settings) as store:
        found = pull_reviews(store, dataset, connection(settings))
    say(
        f"{found.new} new, {found.changed} changed, {found.deleted} deleted, "
        f"{found.unchanged} as before."
    )


@app.command()
def status(campaign: _Campaign, outputs: _Outputs = False) -> None:
    """Say how far a campaign's review has come.

    Example: timbre review status demo-tone
    """
    from annotation.progress import dataset_progress
    from timbre.argilla import connection
    from timbre.campaign import load_campaign

    loaded = load_campaign(config_file("campaigns", campaign))
    dataset = loaded.outputs_dataset if outputs else loaded.candidates_dataset
    found = dataset_progress(connection(read_settings()), dataset)
    say(f"{dataset}: {found.completed} of {found.total} records have all their reviews.")


@app.command()
def agreement(
    campaign: _Campaign,
    outputs: _Outputs = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Say how far the reviewers of a campaign agree, per question and pair.

    Example: timbre review agreement demo-tone
    """
    from timbre.agreeing import agreement_rows
    from timbre.campaign import load_campaign

    loaded = load_campaign(config_file("campaigns", campaign))
    dataset = loaded.outputs_dataset if outputs else loaded.candidates_dataset
    with open_store() as store:
        rows = agreement_rows(store, dataset)
    columns = ("question", "between", "measure", "records", "value")
    if as_json:
        facts([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        table(columns, rows)
