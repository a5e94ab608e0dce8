"""`timbre answer`: answer the held-out prompts with every arm."""

from typing import Annotated

import typer

from timbre.commands.options import CampaignOption, Run
from timbre.console import echo, progress
from timbre.settings import read_settings, teacher_key
from timbre.stores import open_store


def answer(
    run: Run,
    campaign: CampaignOption,
    at: Annotated[
        str,
        typer.Option(
            help="URL of a server that serves the base model and the adapter (default: run "
            "both on this machine)."
        ),
    ] = "",
    base_name: Annotated[
        str, typer.Option(help="Name of the base model on the server (default: its local path).")
    ] = "",
    base_at: Annotated[
        str, typer.Option(help="URL of the server for the base model (default: the URL in --at).")
    ] = "",
    tuned_name: Annotated[str, typer.Option(help="Name of the adapter on the server.")] = "tuned",
) -> None:
    """Answer the version's held-out prompts with the base, prompted and tuned models.

    With --at, an OpenAI-compatible server generates the answers. For example, start `timbre serve
    RUN`, which serves the base model at another URL (--base-at), or vLLM with the command that
    `timbre export RUN --to vllm` prints. If the server requires a key, set TIMBRE_TEACHER_KEY.

    Example: timbre answer 3f4cb14a3f95 --campaign demo-tone --at http://127.0.0.1:8000/v1
    """
    import json

    from db.runs import find_run
    from timbre.campaign import load_campaign

    settings, loaded = read_settings(), load_campaign(campaign)
    with open_store(settings) as store, progress("answers") as advance:
        record = find_run(store, loaded.name, run)
        from timbre.workflows.answer import Server, answer_task, answer_tasks
        from trainer.models.lookup import resolve

        server = None
        if at:
            revision = str(json.loads(record.config).get("revision", ""))
            name = base_name or str(resolve(record.base, revision))
            key = teacher_key("openai@" + at) or "none"
            server = Server(at, name, tuned_name, key, base_at)
        tasks = answer_tasks(store, loaded, record, settings, server)
        new = sum(answer_task(store, task, advance) for task in tasks)
    echo(f"{new} new outputs.")
