"""Read the articles and dialogues for training from files, and clean them."""

import json
import lzma
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
_EMPTY_BRACKETS = re.compile(r"\s*\(\s*[;,:\s]*\)")
_BRACKET_START = re.compile(r"\(\s*[;,:]\s*")
_SPACE = re.compile(r"\s+")
_SPACE_BEFORE = re.compile(r" ([,.;:])(?=\s|$)")
_MIN_WORDS = 18


@dataclass(frozen=True, slots=True)
class Text:
    """An article as a list of paragraphs, each on a single line."""

    id: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Corpus:
    """The articles and dialogues to train on, or those held out for evaluation."""

    texts: tuple[Text, ...]
    dialogues: tuple[tuple[str, ...], ...]


def read(
    texts: Iterable[Path], dialogues: Iterable[Path], one_in: int, is_held_out: bool = False
) -> Corpus:
    """Read the corpus from `.jsonl` or `.json` files, or from folders of them.

    Files may be compressed with xz. An article is an object with `id` and `text`. A dialogue is an
    object with `turns`, or with a `content` list whose items have a `message` (Topical-Chat). On
    average, one of every `one_in` articles and dialogues is held out, chosen by a hash of its id.
    If `is_held_out` is true, only held-out texts are returned; otherwise, only the others.

    Raises `ValueError` if a file can't be read, or if there are no articles or no dialogues.
    """

    def is_chosen(key: str) -> bool:
        return (int(sha256(key.encode()).hexdigest()[:8], 16) % one_in == 0) is is_held_out

    corpus = Corpus(
        tuple(a for a in _parse(_article, texts) if a.paragraphs and is_chosen(a.id)),
        tuple(d for d in read_dialogues(dialogues) if is_chosen(d[0] + d[1])),
    )
    if not corpus.texts or not corpus.dialogues:
        raise ValueError(
            f"There are {len(corpus.texts)} articles and {len(corpus.dialogues)} dialogues, but "
            "training needs both. Pass JSONL files with `text` to --text, and JSONL files with "
            "`turns` to --dialogue."
        )
    return corpus


def read_dialogues(paths: Iterable[Path]) -> list[tuple[str, ...]]:
    """Read the dialogues in files or folders, skipping those with a single turn."""
    return [dialogue for dialogue in _parse(_dialogue, paths) if len(dialogue) > 1]


def _parse(parse: Callable[[dict[str, Any]], T], paths: Iterable[Path]) -> Iterator[T]:
    for path in paths:
        for file in sorted(path.glob("*.json*")) if path.is_dir() else [path]:
            try:
                yield from map(parse, _objects(file))
            except FileNotFoundError:
                raise ValueError(f"{file} doesn't exist. Check the path.") from None
            except (ValueError, KeyError, TypeError, AttributeError, EOFError, lzma.LZMAError) as e:
                raise ValueError(
                    f"{file} is damaged or has an unsupported format ({e!r}). Use JSON objects "
                    "with `id` and `text`, or with `turns`."
                ) from e


def _objects(path: Path) -> Iterator[dict[str, Any]]:
    opener: Any = lzma.open if path.suffix == ".xz" else open
    with opener(path, "rt", encoding="utf-8") as file:
        if ".jsonl" in path.name:
            yield from map(json.loads, file)
        else:
            yield from (value for value in json.load(file).values() if "content" in value)


def _article(value: dict[str, Any]) -> Text:
    paragraphs = filter(None, map(clean, str(value.get("text", "")).split("\n")))
    return Text(str(value["id"]), tuple(paragraphs))


def clean(paragraph: str) -> str:
    """Remove template remnants from a paragraph, or return an empty string if it is unusable."""
    if "formula_" in paragraph or "codice_" in paragraph or "|" in paragraph:
        return ""
    text = _EMPTY_BRACKETS.sub("", paragraph.replace('""', '"').replace("\xa0", " "))
    text = _SPACE_BEFORE.sub(r"\1", _SPACE.sub(" ", _BRACKET_START.sub("(", text))).strip()
    return text if len(text.split()) >= _MIN_WORDS and text[-1] in ".\"'!?)" else ""


def _dialogue(value: dict[str, Any]) -> tuple[str, ...]:
    turns = value.get("turns") or [turn["message"] for turn in value.get("content", [])]
    return tuple(filter(None, (_SPACE.sub(" ", str(turn)).strip() for turn in turns)))
