"""`timbre demo`: the whole loop in one command."""

from enum import StrEnum
from typing import Annotated

import typer

from timbre.console import say
from timbre.settings import read_settings


class Review(StrEnum):
    """Who reviews: written rules, or people in the web UI."""

    RULES = "rules"
    HUMAN = "human"


def demo(
    source: Annotated[str, typer.Option(help="What `timbre articles add` takes.")] = "sample",
    argilla: Annotated[str, typer.Option(help="An Argilla that is already there.")] = "",
    review: Annotated[Review, typer.Option(help="Who reviews.")] = Review.RULES,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port of the embedded Argilla.")
    ] = 6900,
) -> None:
    """Run the whole loop: articles, candidates, review, version, LoRA, answers, report.

    By default it is offline and reviewed by written rules, which every review, card and report
    says. Run it again and it goes on where it was.

    Example: timbre demo --review human
    """
    from timbre.demo import DemoOptions, ReviewBy, run_demo

    options = DemoOptions(source, argilla, ReviewBy(review.value), port)
    settings = read_settings()
    run_demo(settings, options)
    there = argilla or settings.argilla_url
    web = f"the web UI is at {there}" if there else "`timbre review serve` opens the web UI"
    say("")
    say(f"To look again: open the report in a browser; {web}, and")
    say("`timbre review logins` prints its logins.")
