"""`timbre evaluate`: outputs measured, and put before people as blind pairs."""

from typing import Annotated

import typer

from timbre.console import facts, progress, say, table
from timbre.settings import config_file, read_settings
from timbre.stores import open_store


def evaluate(
    run: Annotated[str, typer.Argument(help="A run's id, or its first 6 digits or more.")],
    campaign: Annotated[str, typer.Option(help="The campaign that says what to ask.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the rates as JSON.")] = False,
) -> None:
    """Measure the outputs of a run and pair them for blind comparison.

    Where the campaign names a judge (`judge` in [evaluate]), it rates them too.

    Example: timbre evaluate 3f4cb14a3f95 --campaign demo-tone --json
    """
    from timbre.aims import subject_of
    from timbre.answering import run_outputs
    from timbre.campaign import load_campaign
    from timbre.comparing import add_comparisons
    from timbre.measuring import measure_outputs
    from timbre.rating import rate_all
    from timbre.results import result_rows
    from timbre.runs import found_run

    settings = read_settings()
    loaded = load_campaign(config_file("campaigns", campaign))
    with open_store(settings) as store, progress("measures") as advance:
        outputs = run_outputs(store, loaded, found_run(store, loaded.name, run), settings)
        every = [output for found in outputs.values() for output in found]
        measure_outputs(store, every, subject_of(loaded).aim, advance)
        rated = rate_all(store, loaded, every, settings)
        pairs = add_comparisons(store, loaded, every)
        columns, rows = result_rows(store, loaded, outputs)
    if as_json:
        facts([dict(zip(columns, row, strict=True)) for row in rows])
        return
    table(columns, rows)
    if rated:
        judge = loaded.evaluate.judge
        say(f"{rated.new} new ratings by {judge}; {rated.unrated} replies held none.")
    say(f"{pairs} new comparisons; put them before people with `timbre review push --outputs`.")
