"""`timbre demo`: the whole loop in one command."""

from typing import Annotated, Literal

import typer

from timbre.console import echo
from timbre.settings import read_settings


def demo(
    source: Annotated[
        str, typer.Option(help="Article source, in any form that `timbre articles add` accepts.")
    ] = "sample",
    base: Annotated[
        Literal["smollm2", "mini"],
        typer.Option(
            help="Base model: SmolLM2 (a one-time download of 93 MB) or the packaged mini model."
        ),
    ] = "smollm2",
    argilla: Annotated[
        str, typer.Option(help="URL of a running Argilla server (default: start the embedded one).")
    ] = "",
    review: Annotated[
        Literal["rules", "human"],
        typer.Option(help="Whether the records are reviewed by written rules or by people."),
    ] = "rules",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port for the embedded Argilla server.")
    ] = 6900,
) -> None:
    """Run the whole loop, from reading articles to training an adapter and writing a report.

    By default, the demo uses written rules instead of human reviewers. Reviews, cards and reports
    state when rules did the reviewing. Once SmolLM2 is downloaded, the demo runs offline. Without a
    package index, it uses the packaged mini model. If the demo is interrupted, run it again to
    continue.

    Example: timbre demo --review human
    """
    from timbre.demo import DemoOptions, run_demo

    settings = read_settings()
    run_demo(settings, DemoOptions(source, base, argilla, review == "human", port))
    url = argilla or settings.argilla_url
    web = f"the web UI is at {url}" if url else "`timbre review serve` starts the web UI"
    echo("")
    echo(f"Open the report in a browser. To see the records, {web};")
    echo("`timbre review logins` prints its logins.")
