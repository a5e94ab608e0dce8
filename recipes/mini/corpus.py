"""The articles and dialogues to train on, read from files and cleaned."""

import json
import lzma
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import IO, Any, TypeAlias, TypeVar

T = TypeVar("T")
Dialogue: TypeAlias = tuple[str, ...]

_EMPTY_BRACKETS = re.compile(r"\s*\(\s*[;,:\s]*\)")
_BRACKET_START = re.compile(r"\(\s*[;,:]\s*")
_SPACE = re.compile(r"\s+")
_SPACE_BEFORE = re.compile(r" ([,.;:])(?=\s|$)")
_MIN_WORDS = 18


@dataclass(frozen=True, slots=True)
class Text:
    """An article: its paragraphs, each one line."""

    id: str
    title: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Corpus:
    """The texts and dialogues to train on, and those held out for measuring."""

    texts: tuple[Text, ...]
    dialogues: tuple[Dialogue, ...]
    held_texts: tuple[Text, ...]
    held_dialogues: tuple[Dialogue, ...]

    def digest(self) -> str:
        """The SHA-256 of everything that is trained on, in order."""
        digest = sha256()
        for text in self.texts:
            digest.update(json.dumps([text.id, text.title, text.paragraphs]).encode())
        for turns in self.dialogues:
            digest.update(json.dumps(turns).encode())
        return digest.hexdigest()


def read(texts: Iterable[Path], dialogues: Iterable[Path], one_in: int) -> Corpus:
    """Read the corpus from files or folders of `.jsonl` and `.json`, plain or `.xz`.

    Articles are objects with `id`, `title` and `text`; dialogues have `turns`, or `content` with a
    `message` each (Topical-Chat). One in `one_in` of each is held out, by a hash of its id.

    Raises `ValueError` if a file can't be read, or if there are no articles or no dialogues.
    """
    articles = [article for article in _parse(_article, texts) if article]
    chats = read_dialogues(dialogues)
    corpus = Corpus(
        tuple(a for a in articles if not _is_held_out(a.id, one_in)),
        tuple(d for d in chats if not _is_held_out(d[0] + d[1], one_in)),
        tuple(a for a in articles if _is_held_out(a.id, one_in)),
        tuple(d for d in chats if _is_held_out(d[0] + d[1], one_in)),
    )
    if not corpus.texts or not corpus.dialogues:
        raise ValueError(
            f"There are {len(corpus.texts)} articles and {len(corpus.dialogues)} dialogues to "
            "train on, but both are needed. Pass JSONL files with `text` to --text, and with "
            "`turns` to --dialogue."
        )
    return corpus


def read_dialogues(paths: Iterable[Path]) -> list[Dialogue]:
    """The dialogues in files or folders, without those that have a single turn."""
    return [dialogue for dialogue in _parse(_dialogue, paths) if len(dialogue) > 1]


def _is_held_out(key: str, one_in: int) -> bool:
    return int(sha256(key.encode()).hexdigest()[:8], 16) % one_in == 0


def _parse(parse: Callable[[dict[str, Any]], T], paths: Iterable[Path]) -> Iterator[T]:
    for path in chain.from_iterable(map(_files, paths)):
        try:
            with _open(path) as lines:
                yield from map(parse, _objects(path, lines))
        except (ValueError, KeyError, TypeError, AttributeError, EOFError, lzma.LZMAError) as error:
            raise ValueError(
                f"{path} is damaged or has another format ({error!r}). It needs JSON objects with "
                "`id`, `title` and `text`, or with `turns`."
            ) from error


def _files(path: Path) -> list[Path]:
    if not path.exists():
        raise ValueError(f"{path} doesn't exist.")
    if not path.is_dir():
        return [path]
    names = ("*.jsonl", "*.jsonl.xz", "*.json", "*.json.xz")
    return sorted(file for name in names for file in path.glob(name))


def _open(path: Path) -> IO[str]:
    if path.suffix == ".xz":
        return lzma.open(path, "rt", encoding="utf-8")
    return path.open(encoding="utf-8")


def _objects(path: Path, lines: IO[str]) -> Iterable[dict[str, Any]]:
    if ".jsonl" in path.name:
        return map(json.loads, lines)
    return (value for value in json.load(lines).values() if "content" in value)


def _article(value: dict[str, Any]) -> Text | None:
    paragraphs = tuple(filter(None, map(clean, str(value.get("text", "")).split("\n"))))
    return Text(str(value["id"]), str(value["title"]), paragraphs) if paragraphs else None


def clean(paragraph: str) -> str:
    """A paragraph without the remains of removed templates; empty if it is too short or broken."""
    if "formula_" in paragraph or "codice_" in paragraph or "|" in paragraph:
        return ""
    text = _EMPTY_BRACKETS.sub("", paragraph.replace('""', '"').replace("\xa0", " "))
    text = _SPACE_BEFORE.sub(r"\1", _SPACE.sub(" ", _BRACKET_START.sub("(", text))).strip()
    return text if len(text.split()) >= _MIN_WORDS and text[-1] in ".\"'!?)" else ""


def _dialogue(value: dict[str, Any]) -> Dialogue:
    turns = value.get("turns") or [turn["message"] for turn in value.get("content", [])]
    return tuple(filter(None, (_SPACE.sub(" ", str(turn)).strip() for turn in turns)))
