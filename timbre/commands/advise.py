"""`timbre advise`: should you fine-tune at all?"""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from timbre.commands.options import AsJson, Version
from timbre.console import echo, print_json, print_table, progress
from timbre.settings import SettingsError, read_settings
from timbre.stores import open_store

if TYPE_CHECKING:
    from studies.pages.ladder import Findings, LadderRun


def advise(
    version: Version,
    config: Annotated[
        str,
        typer.Option(
            help="Path of a file that configures the comparison, or the name of a file in "
            "configs/studies."
        ),
    ] = "ladder",
    campaign: Annotated[
        str, typer.Option(help="Path or name of a campaign (default: the version's own campaign).")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Compare every prompting strategy with tuning on the same held-out prompts.

    The tuned model comes from the newest finished run on the version. Answers are cached.

    Example: timbre advise demo-tone --config ladder --json
    """
    from db.runs import newest_finished, version_runs
    from db.versions.contents import find_version
    from studies.config import LadderConfig
    from timbre.campaign import load_campaign
    from timbre.config import config_file, read_config

    settings = read_settings()
    ladder_config = read_config(LadderConfig, config_file("studies", config))
    with open_store(settings) as store, progress("answers") as advance:
        record = find_version(store, version)
        loaded = load_campaign(campaign or record.campaign)
        status = newest_finished(version_runs(store, record))
        if status is None:
            raise SettingsError(
                f"“{record.name}” has no finished run to compare with prompting. Train one with "
                f"`timbre train {record.name}`."
            )
        from studies.pages.ladder import ladder_findings
        from timbre.workflows.advise import AdviceRequest, compare_strategies, write_ladder_page

        request = AdviceRequest(loaded, status, ladder_config)
        ladder = compare_strategies(
            store, request, settings, lambda _, done, total: advance(done, total)
        )
    page = write_ladder_page(ladder, request, settings)
    conclusion = ladder_findings(ladder)
    details = _details(ladder, conclusion)
    if as_json:
        print_json({**details, "page": str(page)})
        return
    columns = ("strategy", "target", "low", "high", "input tokens", "output tokens", "seconds")
    print_table(columns, [[row[column] for column in columns] for row in details["strategies"]])
    echo(
        conclusion.advice.sentence
        if conclusion.advice
        else "None of the tuned model's answers were measured."
    )
    if conclusion.notice:
        echo(conclusion.notice)
    echo(str(page))


def _details(ladder: "LadderRun", conclusion: "Findings") -> dict[str, Any]:
    rates = {summary.name: summary.target for summary in conclusion.summaries}
    strategies = [
        {
            "strategy": result.strategy.label,
            "target": round(rate.estimate, 3),
            "low": round(rate.low, 3),
            "high": round(rate.high, 3),
            "input tokens": round(result.usage.input_tokens),
            "output tokens": round(result.usage.output_tokens),
            "seconds": round(result.usage.seconds, 2),
            "dollars per 1,000": round(1_000 * result.usage.cost, 5),
        }
        for result in ladder.ladder.results
        if (rate := rates[result.strategy.name])
    ]
    advice = conclusion.advice
    return {
        "advice": advice.recommendation.value if advice else None,
        "reason": advice.reason if advice else "",
        "more_prompts": advice.more_prompts if advice else None,
        "break_even_answers": conclusion.break_even,
        "notice": conclusion.notice,
        "strategies": strategies,
        "skipped": dict(ladder.ladder.skipped),
    }
