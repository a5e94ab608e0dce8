"""`timbre init`: start a campaign with your own tone or persona and material."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from timbre.console import echo, echo_error
from timbre.settings import SettingsError, read_settings
from timbre.stores import open_store

if TYPE_CHECKING:
    from timbre.workflows.setup.create import CreatedCampaign
    from timbre.workflows.setup.new_campaign import NewCampaign

_EXAMPLES = {
    "tone": "Examples, one per line: `plain text => text in the tone`. Or a file or folder of "
    "texts in the tone. An empty line ends the list",
    "persona": "Things the persona says, one per line. Or a file or folder of texts. An empty "
    "line ends the list",
}
_TEACHER = (
    "Teacher that writes the texts, such as openai:MODEL or ollama:MODEL. phrasebook is an offline "
    "one for trying the steps out"
)
_Kind = Annotated[
    Literal["tone", "persona"] | None, typer.Option(help="Kind of voice: a tone or a persona.")
]
_Description = Annotated[
    str, typer.Option(help="Description of how the tone sounds or who the persona is.")
]
_Pairs = Annotated[
    list[str] | None,
    typer.Option(
        help="Example of rewriting, in the form `plain text => text in the tone`. You can repeat "
        "this option."
    ),
]
_Texts = Annotated[
    Path | None,
    typer.Option(help="File or folder with sample texts that show the tone or persona."),
]
_Material = Annotated[
    str | None,
    typer.Option(
        help="Material to generate texts from: a document, folder, chat file or other source."
    ),
]
_Teacher = Annotated[
    str | None, typer.Option(help="Teacher model, in the same format as in a campaign file.")
]
_Reviewers = Annotated[str | None, typer.Option(help="Reviewers' names, separated by commas.")]
_Language = Annotated[
    str, typer.Option(help="ISO 639-1 code of the language (default: detected automatically).")
]


def init(
    name: Annotated[str, typer.Argument(help="Name of the campaign and of its folder.")],
    kind: _Kind = None,
    description: _Description = "",
    pair: _Pairs = None,
    texts: _Texts = None,
    material: _Material = None,
    teacher: _Teacher = None,
    reviewers: _Reviewers = None,
    language: _Language = "",
    licence: Annotated[str, typer.Option(help="Licence of the material.")] = "our own",
) -> None:
    """Start a campaign: write its tone or persona, the campaign and a folder for its material.

    On a terminal, the command asks at most six questions about options that you left out.

    Example: timbre init harbour --description "brief and warm" --pair "It is open. => We're open!"
    """
    from timbre.workflows.setup.new_campaign import NewCampaign, check_answers, check_folder

    check_folder(name)
    kind = kind or _ask_kind()
    description = description or _ask(f"Describe the {kind} in a sentence or two")
    lines = list(pair or []) if pair or texts else _ask_lines(kind)
    if material is None:
        material = _ask(f"Where is the material? Enter to fill {name}/material later")
    teacher = teacher or _ask(_TEACHER, "phrasebook")
    if reviewers is None:
        reviewers = _ask("Reviewers' names, separated by commas. Enter if it's only you")
    new = NewCampaign(
        name,
        kind,
        description,
        *_read_examples(kind, lines, texts),
        material=material,
        teacher=teacher,
        reviewers=tuple(filter(None, map(str.strip, reviewers.split(",")))),
        language=language,
        licence=licence,
    )
    check_answers(new)
    from timbre.workflows.setup.create import create_campaign

    with open_store(read_settings()) as store:
        created = create_campaign(store, new)
    _print_files(new, created)


def _read_examples(
    kind: str, lines: list[str], texts: Path | None
) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    """Parse lines into example pairs and texts; the last line can be the path of a file to read."""
    from timbre.workflows.setup.new_campaign import parse_pairs

    if texts is None and lines and Path(lines[-1]).exists():
        lines, texts = lines[:-1], Path(lines[-1])
    read = tuple[str, ...]()
    if texts:
        from timbre.workflows.setup.material_files import read_texts

        read = read_texts(texts)
    return ((), (*lines, *read)) if kind == "persona" else (tuple(parse_pairs(lines)), read)


def _ask(question: str, default: str = "") -> str:
    """Ask a question, and return the answer, or the default if standard input isn't a terminal."""
    if not sys.stdin.isatty():
        return default
    answer: str = typer.prompt(question, default=default, show_default=bool(default), err=True)
    return answer.strip()


def _ask_kind() -> Literal["tone", "persona"]:
    while (answer := _ask("Tone or persona?", "tone").lower()) not in {"tone", "persona"}:
        echo_error(f"“{answer}” is neither. Answer tone or persona.")
    return "persona" if answer == "persona" else "tone"


def _ask_lines(kind: str) -> list[str]:
    """Ask for examples up to an empty line or a path; a line that is no pair is asked for again."""
    from timbre.workflows.setup.new_campaign import parse_pairs

    lines, question = list[str](), _EXAMPLES[kind]
    while line := _ask(question):
        question = "…"
        if Path(line).exists():
            return [*lines, line]
        try:
            list(parse_pairs([line] if kind == "tone" else []))
            lines.append(line)
        except SettingsError as error:
            echo_error(str(error))
    return lines


def _print_files(new: "NewCampaign", created: "CreatedCampaign") -> None:
    for path in sorted(created.folder.rglob("*")):
        if path.is_file():
            echo(f"Wrote {path}.")
    for line in created.unused:
        echo(f"Not used: {line}")
    if not new.material:
        echo(f"Put documents into {created.folder / 'material'}.")
