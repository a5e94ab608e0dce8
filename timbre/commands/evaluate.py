"""`timbre evaluate`: measure outputs and pair them for blind comparison."""

from timbre.commands.options import AsJson, CampaignOption, Run
from timbre.console import echo, print_rows, progress
from timbre.settings import read_settings
from timbre.stores import open_store


def evaluate(run: Run, campaign: CampaignOption, as_json: AsJson = False) -> None:
    """Measure a run's outputs and pair them for blind comparison.

    If the campaign names a judge (`judge` in [evaluate]), the judge also rates the outputs.

    Example: timbre evaluate 3f4cb14a3f95 --campaign demo-tone --json
    """
    from db.runs import find_run
    from timbre.campaign import load_campaign

    settings, loaded = read_settings(), load_campaign(campaign)
    with open_store(settings) as store, progress("measures") as advance:
        record = find_run(store, loaded.name, run)
        from evaluation.arms import arm_table
        from timbre.workflows.answer import add_comparisons, run_outputs
        from timbre.workflows.evaluate import measure_outputs, measured_arms
        from timbre.workflows.judge import judge_of, rate

        outputs = run_outputs(store, loaded, record, settings)
        every = [output for arm in outputs.values() for output in arm]
        measure_outputs(store, every, loaded, advance)
        count = rate(store, loaded, every, settings)
        pairs = add_comparisons(store, loaded, outputs)
        judge = judge_of(loaded)
        arms = measured_arms(store, outputs, loaded.criterion, judge)
    target = loaded.criterion.feature if loaded.criterion else None
    table = arm_table(arms, target, judge.features if judge else ())
    print_rows(table.columns, table.rows, as_json)
    if as_json:
        return
    if target is None:
        echo(
            f"{loaded.lacking[:1].upper()}{loaded.lacking[1:]}, so there is no rate of answers "
            "that match it. Let people compare and rate the answers."
        )
    if count:
        echo(
            f"{count.new} new ratings by {loaded.evaluate.judge}; "
            f"{count.unrated} replies had no rating."
        )
    echo(f"{pairs} new comparisons. Push them with `timbre review push {campaign} --outputs`.")
