"""`timbre doctor`: check the setup and suggest fixes."""

from typing import Annotated

import typer

from timbre.commands.options import AsJson
from timbre.console import echo, print_json
from timbre.settings import Settings, read_settings


def doctor(
    migrate: Annotated[
        bool, typer.Option("--migrate", help="Upgrade the database to the current schema.")
    ] = False,
    check: Annotated[
        bool, typer.Option(help="Check that everything Timbre needs is available.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Check the setup and suggest fixes.

    The exit status is 1 if a required part is missing or broken.

    Example: timbre doctor --migrate
    """
    from dataclasses import asdict

    settings = read_settings()
    if migrate:
        _migrate(settings, is_logged=not check and settings.json_log)
    if not check:
        return
    from timbre.doctor import check_setup

    findings = list(check_setup(settings))
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            mark = "ok  " if finding.is_fine else "BAD " if finding.is_required else "-   "
            echo(f"{mark} {finding.name}: {finding.detail}")
            if not finding.is_fine:
                echo(f"       {finding.remedy}")
    if any(finding.is_required and not finding.is_fine for finding in findings):
        raise typer.Exit(1)


def _migrate(settings: Settings, is_logged: bool) -> None:
    """Upgrade the database, and log or print whether an upgrade was necessary."""
    import logging

    from timbre.stores import migrate_database
    from timbre.worker.logs import set_up_logs

    if is_logged:
        set_up_logs(settings)
    changed = migrate_database(settings)
    message = "The database was upgraded." if changed else "The database is up to date."
    if is_logged:
        logging.getLogger("timbre.migrate").info(message)
    else:
        echo(message)
