"""`timbre advise`: should this be fine-tuned at all?"""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from timbre.console import facts, progress, say, table
from timbre.settings import SettingsError, config_file, read_settings
from timbre.stores import open_store

if TYPE_CHECKING:
    from studies.pages.ladder import Findings, LadderRun


def advise(
    version: Annotated[str, typer.Argument(help="A version's id (6 digits or more) or name.")],
    config: Annotated[
        str, typer.Option(help="A ladder file, or the name of one in configs/studies.")
    ] = "ladder",
    campaign: Annotated[str, typer.Option(help="The campaign, if not the version's own.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Try every way of prompting against tuning on the same held-out prompts, and say which pays.

    The newest finished run on the version is the tuned side. What was answered once is kept.

    Example: timbre advise demo-tone --config ladder --json
    """
    from db.runs import newest_finished_on
    from db.versions import find_version
    from pipelines.form import read_form
    from studies.ladder import LadderConfig
    from studies.limits import within_limits
    from studies.pages.ladder import findings
    from timbre.advising import Advising, climb_ladder, write_ladder_page
    from timbre.campaign import load_campaign

    settings = read_settings()
    path = config_file("studies", config)
    climbing = within_limits(read_form(LadderConfig, path), path.name)
    with open_store(settings) as store, progress("answers") as advance:
        found = find_version(store, version)
        loaded = load_campaign(config_file("campaigns", campaign or found.campaign))
        status = newest_finished_on(store, found)
        if status is None:
            raise SettingsError(
                f"found no finished run on “{found.name}”, expected one to hold against prompting; "
                f"train with `timbre train {found.name}`"
            )
        seeking = Advising(loaded, status, climbing)
        climbed = climb_ladder(
            store, seeking, settings, lambda _, done, total: advance(done, total)
        )
    page = write_ladder_page(climbed, seeking, settings)
    come_to = findings(climbed)
    told = _told(climbed, come_to)
    if as_json:
        facts({**told, "page": str(page)})
        return
    columns = ("way", "target", "low", "high", "tokens read", "tokens written", "seconds")
    table(columns, [[way[column] for column in columns] for way in told["ways"]])
    say(come_to.advice.sentence if come_to.advice else "No tuned answer was measured.")
    if come_to.notice:
        say(come_to.notice)
    say(str(page))


def _told(climbed: "LadderRun", found: "Findings") -> dict[str, Any]:
    rates = {summary.name: summary.target for summary in found.summaries}
    ways = [
        {
            "way": rung.way.label,
            "target": round(rate.estimate, 3),
            "low": round(rate.low, 3),
            "high": round(rate.high, 3),
            "tokens read": round(rung.usage.read),
            "tokens written": round(rung.usage.written),
            "seconds": round(rung.usage.seconds, 2),
            "dollars for 1,000": round(1_000 * rung.usage.cost, 5),
        }
        for rung in climbed.ladder.rungs
        if (rate := rates[rung.way.name])
    ]
    return {
        "advice": found.advice.recommendation.value if found.advice else None,
        "reason": found.advice.reason if found.advice else "",
        "more_prompts": found.advice.more_prompts if found.advice else None,
        "break_even_answers": found.volume,
        "notice": found.notice,
        "ways": ways,
        "left_out": dict(climbed.ladder.left_out),
    }
