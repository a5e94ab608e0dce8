"""The user's description of a new campaign, and whether it can be used."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pipelines.text.languages import recognise_language
from timbre.settings import SettingsError

Kind = Literal["tone", "persona"]
_NAME = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True)
class NewCampaign:
    """The user's description of a new campaign.

    Attributes:
        name: The name of the campaign, which is also the name of its folder.
        kind: Whether the campaign is for a tone or a persona.
        description: A description of how the tone sounds or who the persona is.
        pairs: Pairs of a plain text and its rewritten version in the tone.
        texts: Texts in the tone, or things that the persona says.
        material: A document, a folder, a chat file or another source, or an empty string if there
            is no material yet.
        teacher: The teacher that writes the texts.
        reviewers: The reviewers' names, or an empty tuple if there is only one reviewer.
        language: The language as an ISO 639-1 code, or an empty string to detect it from the texts.
        licence: The licence of the material.
    """

    name: str
    kind: Kind
    description: str
    pairs: tuple[tuple[str, str], ...] = ()
    texts: tuple[str, ...] = ()
    material: str = ""
    teacher: str = "phrasebook"
    reviewers: tuple[str, ...] = ()
    language: str = ""
    licence: str = "our own"

    @property
    def recognised_language(self) -> str:
        """The language that the user named or, failing that, the language of the texts."""
        if self.language:
            return self.language
        texts = " ".join([*(after for _, after in self.pairs), *self.texts])
        return recognise_language(f"{texts} {self.description}")


def check_folder(name: str, parent: Path = Path()) -> Path:
    """Return the folder of a new campaign.

    Raises `SettingsError` if the name can't be used, or the folder exists and isn't empty.
    """
    if not _NAME.fullmatch(name):
        raise SettingsError(
            f"“{name}” can't be a campaign's name. Use letters, digits, hyphens and underscores."
        )
    folder = parent / name
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise SettingsError(f"{folder} exists already. Choose another name, or remove it.")
    return folder


def check_answers(new: NewCampaign) -> None:
    """Raise `SettingsError` if there is no description, or a tone has no example."""
    if not new.description.strip():
        raise SettingsError(f"Describe the {new.kind} in a sentence or two, with --description.")
    if new.kind == "tone" and not (new.pairs or new.texts):
        raise SettingsError(
            "A tone needs examples. Give pairs as --pair “plain text => text in the tone”, or a "
            "file or folder of texts in the tone with --texts."
        )


def parse_pairs(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Parse lines of the form `plain text => text in the tone`.

    Raises `SettingsError` if a line has no `=>` or if nothing precedes or follows it.
    """
    for line in lines:
        before, arrow, after = (part.strip() for part in line.partition("=>"))
        if not (before and arrow and after):
            raise SettingsError(
                f"“{line}” isn't a pair. Write it as `plain text => text in the tone`."
            )
        yield before, after
