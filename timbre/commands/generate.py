"""`timbre generate`: generate a campaign's candidates."""

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from timbre.commands.options import AsJson, Campaign
from timbre.console import echo, echo_error, print_json, progress
from timbre.settings import SettingsError, read_settings
from timbre.stores import open_store

if TYPE_CHECKING:
    from timbre import campaign as campaigns
    from timbre.workflows.generate.plan import GenerateOptions
    from timbre.workflows.generate.run import Estimate, GenerationReport


def generate(
    campaign: Campaign,
    limit: Annotated[
        int, typer.Option(min=0, help="Maximum number of passages (0 means the campaign's limit).")
    ] = 0,
    dry_run: Annotated[
        bool, typer.Option(help="Only estimate the cost and the numbers of requests and tokens.")
    ] = False,
    max_usd: Annotated[
        float | None, typer.Option(min=0, help="Stop before the cost exceeds this many US dollars.")
    ] = None,
    max_tokens: Annotated[
        int | None, typer.Option(min=0, help="Stop before the run uses more than this many tokens.")
    ] = None,
    retry_refused: Annotated[
        bool,
        typer.Option(
            help="Retry each rejected text once, and tell the teacher why it was rejected."
        ),
    ] = False,
    engine: Annotated[
        Literal["local", "ray"],
        typer.Option(help="Where to run the teacher: on this machine or on a Ray cluster."),
    ] = "local",
    batch: Annotated[
        bool,
        typer.Option(
            help="Use the batch API of OpenAI or Anthropic, which costs half as much and may take "
            "up to a day."
        ),
    ] = False,
    keep_going: Annotated[
        bool,
        typer.Option(help="Continue even if the first texts all fail for the same reason."),
    ] = False,
    debug: Annotated[
        bool, typer.Option(help="Process one text at a time, so that you can use breakpoints.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Generate a campaign's candidates, except those that already exist.

    If a run was interrupted or reached a limit, run the command again to continue.

    Example: timbre generate demo-tone --limit 20
    """
    from timbre.campaign import load_campaign

    if batch and (debug or engine == "ray"):
        raise SettingsError("--batch can't be used with --debug or --engine ray. Leave one out.")
    loaded = load_campaign(campaign)
    if limit:
        loaded = replace(loaded, generate=replace(loaded.generate, limit=limit))
    from timbre.workflows.generate.plan import GenerateOptions

    options = GenerateOptions(
        max_usd, max_tokens, retry_refused, debug, engine == "ray", keep_going, batch, echo_error
    )
    _run(loaded, options, dry_run, as_json)


def _run(
    campaign: "campaigns.Campaign", options: "GenerateOptions", dry_run: bool, as_json: bool
) -> None:
    from timbre.workflows.generate.run import estimate
    from timbre.workflows.generate.run import generate as run_generation
    from timbre.workflows.ingest import add_missing_sources

    settings = read_settings()
    with open_store(settings) as store:
        with progress("articles") as advance:
            read = add_missing_sources(store, campaign, advance)
        for source, intake in read.items():
            echo_error(f"{source}: {intake.description}.")
        if dry_run:
            _print_estimate(campaign.name, estimate(store, campaign, settings), as_json)
            return
        with progress("candidates", is_shown=not options.debug) as advance:
            report = run_generation(store, campaign, settings, advance, options)
    _print_result(campaign.name, report, as_json)


def _print_result(name: str, report: "GenerationReport", as_json: bool) -> None:
    counts, meter = report.stored, report.meter
    if as_json:
        print_json(
            {
                "campaign": name,
                "made": dict(counts.by_outcome),
                "new": counts.new,
                "requests": meter.requests,
                "cached": meter.cached,
                "stopped": meter.is_stopped,
                "input_tokens": meter.input_tokens,
                "output_tokens": meter.output_tokens,
                "usd": meter.usd,
                "repaired": meter.repairs,
                "changes": list(report.changes),
            }
        )
        return
    echo(f"{name}: {counts}; {counts.new} new.")
    cost = f", ${meter.usd:.4f}" if meter.usd else ""
    echo(
        f"{meter.requests} requests ({meter.cached} cached): {meter.input_tokens:,} input tokens, "
        f"{meter.output_tokens:,} output tokens{cost}."
    )
    if report.changes:
        echo(f"Requests were changed for the teacher: {'; '.join(report.changes)}.")
    if meter.repairs:
        echo(f"{meter.repairs} replies had invalid JSON, which was repaired.")
    if meter.is_stopped:
        echo("Stopped at the limit. To continue, run the command again with a higher limit.")


def _print_estimate(name: str, estimate: "Estimate", as_json: bool) -> None:
    if as_json:
        print_json({"campaign": name, **asdict(estimate)})
        return
    cost = (
        f", ${estimate.usd:.2f}"
        if estimate.usd
        else "; to see the cost, add prices to the campaign"
    )
    echo(
        f"{name}: {estimate.passages} passages, about {estimate.requests:,} requests "
        f"({estimate.cached:,} more are cached), {estimate.input_tokens:,} input tokens, "
        f"{estimate.output_tokens:,} output tokens{cost}."
    )
