"""`timbre generate`: candidates of a campaign."""

from dataclasses import asdict, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from timbre.console import counted, facts, progress, say
from timbre.settings import config_file, read_settings
from timbre.stores import open_store

if TYPE_CHECKING:
    from timbre.generation import Estimate


class Engine(StrEnum):
    """Where a run's teacher replies."""

    LOCAL = "local"
    RAY = "ray"


def generate(
    campaign: Annotated[str, typer.Argument(help="A campaign file, or the name of a shipped one.")],
    limit: Annotated[int, typer.Option(min=0, help="At most this many passages, 0 for all.")] = 0,
    dry_run: Annotated[bool, typer.Option(help="Ask nobody; say what it would cost.")] = False,
    max_usd: Annotated[
        float | None, typer.Option(min=0, help="Stop before this many dollars.")
    ] = None,
    max_tokens: Annotated[
        int | None, typer.Option(min=0, help="Stop before this many tokens.")
    ] = None,
    retry_refused: Annotated[
        bool, typer.Option(help="Ask once more for what was refused, saying why.")
    ] = False,
    engine: Annotated[
        Engine, typer.Option(help="Where the teacher replies: here, or on a Ray cluster.")
    ] = Engine.LOCAL,
    debug: Annotated[
        bool, typer.Option(help="One row after the other, so that a breakpoint works.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the counts as JSON.")] = False,
) -> None:
    """Make a campaign's candidates; what was made before is not made again.

    A run that was stopped, by a limit or by anything else, goes on where it was.

    Example: timbre generate demo-tone --limit 20
    """
    from timbre.campaign import load_campaign
    from timbre.generation import Wanted, estimate, take_in_sources
    from timbre.generation import generate as make

    settings = read_settings()
    loaded = load_campaign(config_file("campaigns", campaign))
    if limit:
        loaded = replace(loaded, generate=replace(loaded.generate, limit=limit))
    with open_store(settings) as store:
        with progress("articles") as advance:
            take_in_sources(store, loaded, advance)
        if dry_run:
            _report_estimate(loaded.name, estimate(store, loaded, settings), as_json)
            return
        with progress("candidates", shown=not debug) as advance:
            wanted = Wanted(max_usd, max_tokens, retry_refused, debug, engine is Engine.RAY)
            counts, meter = make(store, loaded, settings, advance, wanted)
    new = counts.pop("new")
    if as_json:
        spent = {"asked": meter.asked, "known": meter.known, "stopped": meter.stopped,
                 "input_tokens": meter.read, "output_tokens": meter.written,
                 "usd": meter.usd}  # fmt: skip
        facts({"campaign": loaded.name, "made": dict(counts), "new": new, **spent})
        return
    say(f"{loaded.name}: {counted(counts)}; {new} new.")
    cost = f", ${meter.usd:.4f}" if meter.usd else ""
    say(
        f"Asked for {meter.asked} replies ({meter.known} were known): {meter.read:,} tokens in, "
        f"{meter.written:,} out{cost}."
    )
    if meter.stopped:
        say("Stopped at the limit; run it again with a higher one to go on.")


def _report_estimate(name: str, found: "Estimate", as_json: bool) -> None:
    if as_json:
        facts({"campaign": name, **asdict(found)})
        return
    cost = f", ${found.usd:.2f}" if found.usd else "; state prices in the campaign for dollars"
    say(
        f"{name}: {found.passages} passages, about {found.asked:,} replies to ask for "
        f"({found.known:,} are known), {found.read:,} tokens in, {found.written:,} out{cost}."
    )
