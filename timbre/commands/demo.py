"""`timbre demo`: the whole loop in one command."""

from typing import Annotated, Literal

import typer

from timbre.console import echo
from timbre.settings import read_settings


def demo(
    source: Annotated[
        str, typer.Option(help="Article source, as for `timbre articles add`.")
    ] = "sample",
    argilla: Annotated[str, typer.Option(help="URL of a running Argilla.")] = "",
    review: Annotated[
        Literal["rules", "human"], typer.Option(help="Who reviews: written rules or people.")
    ] = "rules",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port of the embedded Argilla.")
    ] = 6900,
) -> None:
    """Run the whole loop: articles, candidates, review, version, LoRA, answers, report.

    By default it runs offline and written rules review, which every review, card and report
    states. Run it again to continue where it stopped.

    Example: timbre demo --review human
    """
    from timbre.demo import DemoOptions, run_demo

    settings = read_settings()
    run_demo(settings, DemoOptions(source, argilla, review == "human", port))
    url = argilla or settings.argilla_url
    web = f"the web UI is at {url}" if url else "`timbre review serve` starts the web UI"
    echo("")
    echo(f"Open the report in a browser. To see the records, {web};")
    echo("`timbre review logins` prints its logins.")
