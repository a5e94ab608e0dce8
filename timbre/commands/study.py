"""`timbre study`: run the two published experiments, which can be interrupted and resumed."""

from typing import TYPE_CHECKING, Annotated

import typer

from timbre.commands.options import AsJson
from timbre.console import echo, print_json, print_table, progress
from timbre.settings import read_settings
from timbre.stores import open_store

if TYPE_CHECKING:
    from studies.config import PersonaStudy, ToneStudy
    from studies.training import PlannedTraining

app = typer.Typer(no_args_is_help=True, help="Run the published experiments on tone and persona.")

Config = Annotated[
    str, typer.Option(help="Path of a study file, or the name of a study in configs/studies.")
]
DryRun = Annotated[
    bool,
    typer.Option(help="Only list the remaining work and estimate how long it will take."),
]


@app.command()
def tone(config: Config = "tone-quick", dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Study how the tone depends on training set size, precision and training time.

    The study also compares tuning with prompting.

    Finished steps are stored. If the study is interrupted, run the command again to continue.

    Example: timbre study tone --config tone-quick --dry-run
    """
    from studies.config import ToneStudy

    _run(ToneStudy, config, dry_run, as_json)


@app.command()
def persona(
    config: Config = "persona-quick", dry_run: DryRun = False, as_json: AsJson = False
) -> None:
    """Study which training format teaches a persona best.

    The formats are dialogues, statements, documents, and a mix of all three.

    Finished steps are stored. If the study is interrupted, run the command again to continue.

    Example: timbre study persona --config persona-quick --dry-run
    """
    from studies.config import PersonaStudy

    _run(PersonaStudy, config, dry_run, as_json)


def _run(kind: "type[ToneStudy | PersonaStudy]", config: str, dry_run: bool, as_json: bool) -> None:
    from timbre.config import config_file, read_config

    settings, path = read_settings(), config_file("studies", config)
    study = read_config(kind, path)
    from timbre.workflows.study import StudyPlace, minutes_per_training, plan_study, run_study

    with open_store(settings) as store, progress("study") as advance:
        place = StudyPlace(settings, path.stem, lambda _, done, total: advance(done, total))
        if dry_run:
            timed = minutes_per_training(place.cache)
            _print_plan(plan_study(store, study, place), timed, study.minutes_a_training, as_json)
            return
        page = run_study(store, study, place)
    if as_json:
        print_json({"page": str(page), "figures": str(page.with_suffix(""))})
    else:
        echo(str(page))


def _print_plan(
    plan: list["PlannedTraining"], timed: float | None, guess: float, as_json: bool
) -> None:
    """Print the remaining training runs of a study, with an estimate of their time and cost.

    Each run is expected to take `timed` minutes, or `guess` minutes if no run has been timed yet.
    """
    per_training = timed or guess
    left = [training for training in plan if not training.is_done]
    minutes = sum(not training.is_remote for training in left) * per_training
    usd = sum(training.usd for training in left)
    if as_json:
        print_json(
            {
                "trainings": len(plan),
                "left": len(left),
                "minutes_left": round(minutes, 1),
                "minutes_a_training": round(per_training, 2),
                "timed_here": timed is not None,
                "machine_hours": round(minutes / 60, 2),
                "service_usd": round(usd, 2),
                "plan": [
                    {"training": p.label, "done": p.is_done, "service_usd": round(p.usd, 2)}
                    for p in plan
                ],
            }
        )
        return
    has_cost = any(training.is_remote for training in plan)
    columns = ("training", "done", "US dollars at the API")[: 3 if has_cost else 2]
    cells = [
        (p.label, "yes" if p.is_done else "no", f"{p.usd:.2f}" if p.is_remote else "") for p in plan
    ]
    print_table(columns, [row[: len(columns)] for row in cells])
    source = "timed here" if timed else "from the study file"
    echo(
        f"{len(left)} of {len(plan)} training runs left: about {minutes:.0f} minutes "
        f"({per_training:.1f} per training, {source}), {minutes / 60:.2f} machine-hours."
    )
    if has_cost:
        echo(
            f"The remaining API cost is about {usd:.2f} US dollars at the prices in the study file."
        )
