"""`timbre report`: the page that says what was gained."""

from typing import Annotated

import typer

from timbre.console import say
from timbre.settings import SettingsError, config_file, read_settings
from timbre.stores import open_store


def report(
    campaign: Annotated[
        str, typer.Argument(help="A campaign file or a shipped one's name; none for all runs.")
    ] = "",
    run: Annotated[str, typer.Option(help="A run's id; the newest finished one if left out.")] = "",
) -> None:
    """Write the report of a campaign's run, or a page over all runs: HTML that needs no network.

    Beside the page, a folder of its name has each figure as SVG, PNG and CSV.

    Example: timbre report demo-tone
    """
    from timbre.campaign import load_campaign
    from timbre.overview import write_overview
    from timbre.reporting import write_report
    from timbre.runs import RunState, found_run, newest_finished, run_status

    settings = read_settings()
    if not campaign:
        with open_store(settings) as store:
            say(str(write_overview(store, settings)))
        return
    loaded = load_campaign(config_file("campaigns", campaign))
    with open_store(settings) as store:
        named = run_status(store, found_run(store, loaded.name, run)) if run else None
        status = named or newest_finished(store, loaded.name)
        if status is None or status.state is not RunState.FINISHED:
            raise SettingsError(
                f"found no finished run of {loaded.name}, expected one to report on; "
                "train with `timbre train`"
            )
        path = write_report(store, loaded, status, settings)
    say(str(path))
