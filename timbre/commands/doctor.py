"""`timbre doctor`: what is installed, reachable, migrated, writable; what to do about the rest."""

from typing import Annotated

import typer

from timbre.console import facts, say
from timbre.settings import Settings, read_settings


def doctor(
    migrate: Annotated[
        bool, typer.Option("--migrate", help="Bring the database up to date.")
    ] = False,
    check: Annotated[bool, typer.Option(help="Look at everything the loop needs.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Check the set-up and say what to do about what is wrong; exits 1 if anything needed is.

    Example: timbre doctor --migrate
    """
    from dataclasses import asdict

    settings = read_settings()
    if migrate:
        _migrate(settings, logged=not check and settings.json_log)
    if not check:
        return
    from timbre.checkup import checkup

    findings = checkup(settings)
    if as_json:
        facts([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            mark = "ok  " if finding.well else "BAD " if finding.needed else "-   "
            say(f"{mark} {finding.what}: {finding.found}")
            if not finding.well:
                say(f"       {finding.remedy}")
    if any(finding.needed and not finding.well for finding in findings):
        raise typer.Exit(1)


def _migrate(settings: Settings, logged: bool) -> None:
    """Bring the database up to date and say so: in the log, where it is a job of the stack."""
    import logging

    from timbre.logs import set_up_logs
    from timbre.stores import migrate_database

    if logged:
        set_up_logs(settings)
    changed = migrate_database(settings)
    told = "The database was brought up to date." if changed else "The database was up to date."
    if logged:
        logging.getLogger("timbre.migrate").info(told)
    else:
        say(told)
