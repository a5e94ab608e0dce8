"""The articles and dialogues that the user names, read and cleaned."""

import json
import lzma
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import IO, Any, TypeVar

T = TypeVar("T")

_EMPTY_BRACKETS = re.compile(r"\s*\(\s*[;,:\s]*\)")
_BRACKET_START = re.compile(r"\(\s*[;,:]\s*")
_SPACE = re.compile(r"\s+")
_SPACE_BEFORE = re.compile(r" ([,.;:])(?=\s|$)")
_WORDS = 18


@dataclass(frozen=True, slots=True)
class Text:
    """An article: its paragraphs, each one line."""

    id: str
    title: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Corpus:
    """What is trained on (`texts`, `dialogues`) and what is kept for measuring."""

    texts: tuple[Text, ...]
    dialogues: tuple[tuple[str, ...], ...]
    held_texts: tuple[Text, ...]
    held_dialogues: tuple[tuple[str, ...], ...]

    def digest(self) -> str:
        """The SHA-256 of all that is trained on, in its order."""
        hashed = sha256()
        for text in self.texts:
            hashed.update(json.dumps([text.id, text.title, text.paragraphs]).encode())
        for turns in self.dialogues:
            hashed.update(json.dumps(turns).encode())
        return hashed.hexdigest()


def read(texts: Iterable[Path], dialogues: Iterable[Path], one_in: int) -> Corpus:
    """The corpus in files or folders of `.jsonl` and `.json`, plain or `.xz`.

    Articles are objects with `id`, `title`, `text`; dialogues have `turns`, or `content` with a
    `message` each (Topical-Chat). One in `one_in` of either is held out, by a hash of its id.

    Raises `ValueError` if a file cannot be read, or if no article or no dialogue is left to train
    on.
    """
    articles = [a for a in _made(_article, texts) if a is not None]
    chats = spoken(dialogues)
    found = Corpus(
        tuple(a for a in articles if not _held(a.id, one_in)),
        tuple(d for d in chats if not _held(d[0] + d[1], one_in)),
        tuple(a for a in articles if _held(a.id, one_in)),
        tuple(d for d in chats if _held(d[0] + d[1], one_in)),
    )
    if not found.texts or not found.dialogues:
        raise ValueError(
            f"found {len(found.texts)} articles and {len(found.dialogues)} dialogues to train on, "
            "expected some of each; name JSONL files with `text` (--text) and with `turns` "
            "(--dialogue)"
        )
    return found


def spoken(dialogues: Iterable[Path]) -> list[tuple[str, ...]]:
    """The dialogues in files or folders, those of one turn left out."""
    return [d for d in _made(_dialogue, dialogues) if len(d) > 1]


def _held(key: str, one_in: int) -> bool:
    return int(sha256(key.encode()).hexdigest()[:8], 16) % one_in == 0


def _made(make: Callable[[dict[str, Any]], T], paths: Iterable[Path]) -> Iterator[T]:
    for path in chain.from_iterable(_files(path) for path in paths):
        try:
            with _opened(path) as lines:
                yield from map(make, _records(path, lines))
        except (ValueError, KeyError, TypeError, AttributeError, EOFError, lzma.LZMAError) as error:
            raise ValueError(
                f"found {path} to be damaged or of another form ({error!r}), expected JSON objects "
                "with `id`, `title` and `text`, or with `turns`; correct the file or leave it out"
            ) from error


def _records(path: Path, lines: IO[str]) -> Iterable[dict[str, Any]]:
    if ".jsonl" in path.name:
        return map(json.loads, lines)
    return (v for v in json.load(lines).values() if "content" in v)


def _files(path: Path) -> list[Path]:
    if not path.exists():
        raise ValueError(f"found no {path}, expected a file or folder there; check the path")
    if not path.is_dir():
        return [path]
    names = ("*.jsonl", "*.jsonl.xz", "*.json", "*.json.xz")
    return sorted(file for name in names for file in path.glob(name))


def _opened(path: Path) -> IO[str]:
    if path.suffix == ".xz":
        return lzma.open(path, "rt", encoding="utf-8")
    return path.open(encoding="utf-8")


def _article(record: dict[str, Any]) -> Text | None:
    paragraphs = tuple(filter(None, map(clean, str(record.get("text", "")).split("\n"))))
    return Text(str(record["id"]), str(record["title"]), paragraphs) if paragraphs else None


def clean(paragraph: str) -> str:
    """A paragraph without what dropped templates leave; empty if it is too short or broken."""
    if "formula_" in paragraph or "codice_" in paragraph or "|" in paragraph:
        return ""
    text = _EMPTY_BRACKETS.sub("", paragraph.replace('""', '"').replace("\xa0", " "))
    text = _SPACE_BEFORE.sub(r"\1", _SPACE.sub(" ", _BRACKET_START.sub("(", text))).strip()
    return text if len(text.split()) >= _WORDS and text[-1] in ".\"'!?)" else ""


def _dialogue(record: dict[str, Any]) -> tuple[str, ...]:
    turns = record.get("turns") or [t["message"] for t in record.get("content", [])]
    return tuple(filter(None, (_SPACE.sub(" ", str(turn)).strip() for turn in turns)))
