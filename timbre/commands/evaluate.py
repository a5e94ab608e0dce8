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

    Example: timbre evaluate 3f4cb14a3f95 --campaign demo-tone --json
    """
    from evaluation.arms import summarise
    from timbre.aims import subject_of
    from timbre.answering import run_outputs
    from timbre.campaign import load_campaign
    from timbre.comparing import add_comparisons
    from timbre.evidence import measured_arms
    from timbre.measuring import measure_outputs
    from timbre.runs import found_run

    settings = read_settings()
    loaded = load_campaign(config_file("campaigns", campaign))
    with open_store(settings) as store, progress("measures") as advance:
        outputs = run_outputs(store, loaded, found_run(store, loaded.name, run), settings)
        every = [output for found in outputs.values() for output in found]
        aim = subject_of(loaded).aim
        measure_outputs(store, every, aim, advance)
        pairs = add_comparisons(store, loaded, every)
        measured = measured_arms(store, outputs, aim)
        rates = [(arm, summarise(arm, aim.feature).target) for arm in measured]
    columns = ("arm", "answers", aim.feature.name, "low", "high")
    rows = [
        (arm.label, len(arm.outputs), f"{r.estimate:.3f}", f"{r.low:.3f}", f"{r.high:.3f}")
        for arm, r in rates
        if r
    ]
    if as_json:
        facts([dict(zip(columns, row, strict=True)) for row in rows])
        return
    table(columns, rows)
    say(f"{pairs} new comparisons; put them before people with `timbre review push --outputs`.")
