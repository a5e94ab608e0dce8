"""`timbre init`: start a campaign with your own tone or persona and material."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from timbre.console import echo
from timbre.settings import read_settings
from timbre.stores import open_store

if TYPE_CHECKING:
    from timbre.workflows.setup.create import NewCampaign

_EXAMPLES = {
    "tone": "Examples, one per line: `plain text => text in the tone`. Or a file or folder of "
    "texts in the tone. An empty line ends the list",
    "persona": "Things the persona says, one per line. Or a file or folder of texts. An empty "
    "line ends the list",
}
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
    kind = kind or ("persona" if _ask("Tone or persona?", "tone") == "persona" else "tone")
    description = description or _ask(f"Describe the {kind} in a sentence or two")
    lines = list(pair or []) if pair or texts else _ask_lines(_EXAMPLES[kind])
    if material is None:
        material = _ask(f"Where is the material? Enter to fill {name}/material later")
    teacher = teacher or _ask("Teacher", "phrasebook")
    if reviewers is None:
        reviewers = _ask("Reviewers' names, separated by commas. Enter if it's only you")
    from timbre.workflows.setup.create import NewCampaign, create_campaign

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
    with open_store(read_settings()) as store:
        folder = create_campaign(store, new)
    _print_files(new, folder)


def _read_examples(
    kind: str, lines: list[str], texts: Path | None
) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    """Parse lines into example pairs and texts; a single line can be the path of a file to read."""
    from timbre.workflows.setup.create import parse_pairs, read_texts

    if texts is None and len(lines) == 1 and Path(lines[0]).exists():
        lines, texts = [], Path(lines[0])
    read = read_texts(texts) if texts else ()
    return ((), (*lines, *read)) if kind == "persona" else (tuple(parse_pairs(lines)), read)


def _ask(question: str, default: str = "") -> str:
    """Ask a question, and return the answer, or the default if standard input isn't a terminal."""
    if not sys.stdin.isatty():
        return default
    answer: str = typer.prompt(question, default=default, show_default=bool(default), err=True)
    return answer.strip()


def _ask_lines(question: str) -> list[str]:
    lines = [_ask(question)]
    while lines[-1] and not Path(lines[-1]).exists():
        lines.append(_ask("…"))
    return list(filter(None, lines))


def _print_files(new: "NewCampaign", folder: Path) -> None:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            echo(f"Wrote {path}.")
    if not new.material:
        echo(f"Put documents or chats into {folder / 'material'}.")
