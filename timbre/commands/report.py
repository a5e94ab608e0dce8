"""`timbre report`: write a page that shows what tuning gained."""

from pathlib import Path
from typing import Annotated

import typer

from timbre.commands.options import AsJson
from timbre.console import echo, print_json
from timbre.settings import SettingsError, read_settings
from timbre.stores import open_store


def report(
    campaign: Annotated[
        str,
        typer.Argument(
            help="Path or name of a campaign. Without a campaign, Timbre writes an overview of all "
            "runs."
        ),
    ] = "",
    run: Annotated[str, typer.Option(help="Run id (default: the newest finished run).")] = "",
    show: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write a report on a campaign's run, or an overview of all runs, as self-contained HTML.

    A folder next to the page contains each figure as SVG, PNG and CSV.

    Example: timbre report demo-tone
    """
    from db.runs import RunState, campaign_runs, find_run, newest_finished, run_status

    settings = read_settings()
    if not campaign:
        from timbre.workflows.overview import write_overview

        with open_store(settings) as store:
            _announce(write_overview(store, settings), show, as_json)
        return
    from timbre.campaign import load_campaign

    loaded = load_campaign(campaign)
    with open_store(settings) as store:
        chosen = run_status(store, find_run(store, loaded.name, run)) if run else None
        status = chosen or newest_finished(campaign_runs(store, loaded.name))
        if status is None or status.state is not RunState.FINISHED:
            raise SettingsError(
                f"{loaded.name} has no finished run to report on. Train one with `timbre train`."
            )
        from timbre.workflows.report import write_report

        page = write_report(store, loaded, status, settings)
    _announce(page, show, as_json)


def _announce(page: Path, show: bool, as_json: bool) -> None:
    """Print the page's path, and open it if the user wants that."""
    if as_json:
        print_json({"page": str(page)})
    else:
        echo(str(page))
    if show:
        typer.launch(str(page))
