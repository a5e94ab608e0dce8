"""Find the files that a user names for a new campaign: texts in the voice, and material to copy."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from pipelines.articles import documents
from pipelines.articles.documents import EXTENSIONS, is_document
from pipelines.articles.source_page import OTHER_FILE, SCAN, SourceTerms
from pipelines.articles.sources import is_documents, open_source
from pipelines.chats.formats import detect_format
from pipelines.chats.rows import read_rows
from pipelines.errors import SourceError
from pipelines.text.sentences import split_sentences
from pipelines.text.words import split_words
from pipelines.wikipedia.wikitext.markers import HEADING
from timbre.workflows.setup.material import MATERIAL

_CHATS = (".jsonl", ".json", ".csv", ".tsv", ".ndjson")
_SAMPLES, _SAMPLE_WORDS = 5, 120


@dataclass(frozen=True)
class MaterialFiles:
    """The files of a new campaign's material, or the source that it uses instead.

    `unused` contains a line for each file that is neither a document nor a chat file.
    """

    root: Path = Path()
    documents: tuple[Path, ...] = ()
    chats: tuple[Path, ...] = ()
    unused: tuple[str, ...] = ()
    source: str = ""

    def copy_to(self, folder: Path) -> tuple[list[str], list[str]]:
        """Copy documents and chats into a campaign's folder, and return its sources and chat files.

        Sources other than documents and chats, such as dumps, aren't copied.
        """
        (folder / MATERIAL).mkdir(parents=True)
        if self.source:
            return [self.source], []
        for file in (*self.documents, *self.chats):
            target = folder / MATERIAL / file.relative_to(self.root)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
        chats = [f"{MATERIAL}/{file.relative_to(self.root).as_posix()}" for file in self.chats]
        return [MATERIAL] if self.documents or not chats else [], chats


def find_material(material: str, has_chats: bool) -> MaterialFiles:
    """Find the files of a new campaign's material.

    `material` may be an empty string. `has_chats` says whether the campaign can use chats. Raises
    `SourceError` if the source doesn't exist, or contains neither documents nor chats.
    """
    path = Path(material)
    if not material:
        return MaterialFiles()
    is_chats = path.is_file() and has_chats and not _find_chat_problem(path)
    if not is_documents(material) and not is_chats:
        return MaterialFiles(source=_check_source(material))
    files = documents.list_files(path)
    kinds = {file: _find_problem(file, has_chats) for file in files}
    found = MaterialFiles(
        root=path if path.is_dir() else path.parent,
        documents=tuple(file for file in files if is_document(file)),
        chats=tuple(f for f, problem in kinds.items() if not problem and not is_document(f)),
        unused=tuple(f"{file}: {problem}" for file, problem in kinds.items() if problem),
    )
    if not (found.documents or found.chats):
        known = f"documents ({', '.join(EXTENSIONS)})"
        known += f" or chats ({', '.join(_CHATS)})" if has_chats else ""
        reasons = "".join(f"\n  {line}" for line in found.unused[:3])
        raise SourceError(f"{path} has no {known}. Name a folder or file that has some.{reasons}")
    return found


def _check_source(material: str) -> str:
    """Return the source as a campaign file names it, with an absolute path.

    Raises `SourceError` if no reader supports the source.
    """
    open_source(material)
    path = Path(material)
    return str(path.resolve()) if path.exists() else material


def _find_problem(file: Path, has_chats: bool) -> str:
    if is_document(file):
        return ""
    if not file.name.lower().removesuffix(".gz").endswith(_CHATS):
        return "neither a document nor a file of chats"
    return _find_chat_problem(file) if has_chats else "chats can't be rewritten as a persona"


def _find_chat_problem(path: Path) -> str:
    """Return why a file contains no supported chats, or "" if it contains some."""
    if not path.name.lower().removesuffix(".gz").endswith(_CHATS):
        return "not a file of chats"
    try:
        rows = list(islice(read_rows(path), 20))
        if not rows:
            return "it is empty"
        detect_format(path.name, rows)
    except SourceError as error:
        return str(error)
    return ""


def read_texts(path: Path) -> tuple[str, ...]:
    """Return the first texts of a document or folder, each shortened at the end of a sentence.

    Raises `SourceError` if the path contains no texts.
    """
    texts = tuple(islice(filter(None, map(_shorten, _read_pages(path))), _SAMPLES))
    if not texts:
        raise SourceError(f"{path} contains no texts. Name a file or folder of documents.")
    return texts


def _read_pages(path: Path) -> Iterator[str]:
    terms = SourceTerms(licence="(samples)")
    for page in documents.read_pages(path, path.name, terms):
        if page.model not in {SCAN, OTHER_FILE}:
            lines = page.text.split("\n")
            yield "\n".join(line for line in lines if not line.startswith(HEADING))


def _shorten(text: str) -> str:
    """Shorten a text at the end of a sentence."""
    chosen: list[str] = []
    for sentence in split_sentences(" ".join(text.split())):
        if chosen and len(split_words(" ".join([*chosen, sentence]))) > _SAMPLE_WORDS:
            break
        chosen.append(sentence)
    return " ".join(chosen)
