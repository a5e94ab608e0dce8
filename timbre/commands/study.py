"""`timbre study`: the two published experiments, resumable cell by cell."""

from pathlib import Path
from typing import Annotated, Any

import typer

from timbre.console import facts, progress, say, table
from timbre.settings import config_file, read_settings
from timbre.stores import open_store

app = typer.Typer(no_args_is_help=True, help="The published experiments on tone and persona.")

Config = Annotated[str, typer.Option(help="A study file, or the name of one in configs/studies.")]
DryRun = Annotated[bool, typer.Option(help="Only say what is left to do, and how long it takes.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the plan or the page as JSON.")]


@app.command()
def tone(config: Config = "tone-quick", dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """How much data, in which precision, how fast, and whether a prompt would do.

    What is finished is kept: the same command goes on where it was stopped.

    Example: timbre study tone --config tone-quick --dry-run
    """
    from pipelines.form import read_form
    from studies.limits import within_limits
    from studies.tone import ToneStudy
    from timbre.studying import Place, plan_tone_study, run_tone_study

    settings, path = read_settings(), config_file("studies", config)
    study = within_limits(read_form(ToneStudy, path), path.name)
    with open_store(settings) as store, progress("study") as advance:
        place = Place(settings, path.stem, lambda _, done, total: advance(done, total))
        if dry_run:
            plan = plan_tone_study(store, study, place)
            _show_plan(plan, place, study.minutes_a_training, as_json)
            return
        page = run_tone_study(store, study, place)
    _show_page(page, as_json)


@app.command()
def persona(
    config: Config = "persona-quick", dry_run: DryRun = False, as_json: AsJson = False
) -> None:
    """Which form of text gives a model a character: dialogues, statements, documents, a mix.

    What is finished is kept: the same command goes on where it was stopped.

    Example: timbre study persona --config persona-quick --dry-run
    """
    from pipelines.form import read_form
    from studies.limits import within_limits
    from studies.persona import PersonaStudy
    from timbre.studying import Place, plan_persona_study, run_persona_study

    settings, path = read_settings(), config_file("studies", config)
    study = within_limits(read_form(PersonaStudy, path), path.name)
    with open_store(settings) as store, progress("study") as advance:
        place = Place(settings, path.stem, lambda _, done, total: advance(done, total))
        if dry_run:
            plan = plan_persona_study(store, study, place)
            _show_plan(plan, place, study.minutes_a_training, as_json)
            return
        page = run_persona_study(store, study, place)
    _show_page(page, as_json)


def _show_plan(plan: list[Any], place: Any, guess: float, as_json: bool) -> None:
    from timbre.studying import minutes_timed

    timed = minutes_timed(place.shelf)
    left = [planned for planned in plan if not planned.done]
    minutes = sum(not planned.hosted for planned in left) * (timed or guess)
    usd = sum(planned.usd for planned in left)
    told = {
        "trainings": len(plan),
        "left": len(left),
        "minutes_left": round(minutes, 1),
        "minutes_a_training": round(timed or guess, 2),
        "timed_here": timed is not None,
        "machine_hours": round(minutes / 60, 2),
        "service_usd": round(usd, 2),
        "plan": [
            {"training": p.label, "done": p.done, "service_usd": round(p.usd, 2)} for p in plan
        ],
    }
    if as_json:
        facts(told)
        return
    usd_of = [f"{p.usd:.2f}" if p.hosted else "" for p in plan]
    rows = [(p.label, "yes" if p.done else "no", u) for p, u in zip(plan, usd_of, strict=True)]
    if any(usd_of):
        table(("training", "done", "US dollars at the service"), rows)
    else:
        table(("training", "done"), [row[:2] for row in rows])
    source = "timed here" if timed else "from the study's file"
    say(
        f"{len(left)} of {len(plan)} trainings left: about {minutes:.0f} minutes "
        f"({timed or guess:.1f} a training, {source}), {minutes / 60:.2f} machine-hours."
    )
    if any(usd_of):
        say(f"Left to pay at services: about {usd:.2f} US dollars, by the prices in the file.")


def _show_page(page: Path, as_json: bool) -> None:
    if as_json:
        facts({"page": str(page), "figures": str(page.with_suffix(""))})
    else:
        say(str(page))
