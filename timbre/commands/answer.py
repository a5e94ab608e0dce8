"""`timbre answer`: held-out prompts answered by every arm."""

from typing import Annotated

import typer

from timbre.console import progress, say
from timbre.settings import config_file, read_settings, teacher_key
from timbre.stores import open_store


def answer(
    run: Annotated[str, typer.Argument(help="A run's id, or its first 6 digits or more.")],
    campaign: Annotated[str, typer.Option(help="The campaign that says what to ask.")],
    at: Annotated[str, typer.Option(help="A server that has base and adapter; none: here.")] = "",
    base_name: Annotated[str, typer.Option(help="The base's name there; its path if none.")] = "",
    tuned_name: Annotated[str, typer.Option(help="The adapter's name there.")] = "tuned",
) -> None:
    """Let base, prompted and tuned model answer the version's held-out prompts.

    With --at they are asked of a server with OpenAI's API, such as the vLLM that `timbre export
    RUN --to vllm` gives the command for. TIMBRE_TEACHER_KEY is its key, where it wants one.

    Example: timbre answer 3f4cb14a3f95 --campaign demo-tone --at http://127.0.0.1:8000/v1
    """
    from dataclasses import replace

    from timbre.answering import Server, answer_arm, asked_of
    from timbre.campaign import load_campaign
    from timbre.runs import found_run
    from trainer.models import resolve

    settings = read_settings()
    loaded = load_campaign(config_file("campaigns", campaign))
    with open_store(settings) as store, progress("answers") as advance:
        found = found_run(store, loaded.name, run)
        asked = asked_of(store, loaded, found, settings)
        if at:
            name = base_name or str(resolve(found.base, asked[0].arm.revision))
            server = Server(at, name, tuned_name, teacher_key("openai@" + at) or "none")
            asked = [replace(each, server=server) for each in asked]
        new = sum(answer_arm(store, each, advance) for each in asked)
    say(f"{new} new outputs.")
