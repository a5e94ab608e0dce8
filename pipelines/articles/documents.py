"""A source that reads a folder of .md and .txt documents, one article per file."""

import re
from collections.abc import Iterator
from pathlib import Path

from pipelines.articles.source_page import Site, SourcePage
from pipelines.errors import SourceError
from pipelines.text.storable import make_storable

_EXTENSIONS = frozenset({".md", ".txt"})
_LICENCE_FILES = ("LICENCE", "LICENSE", "LICENCE.txt", "LICENSE.txt", "LICENCE.md", "LICENSE.md")
_FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
_CODE = re.compile(r"^(```|~~~).*?^\1[^\n]*$", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_BREAK = re.compile(r"<br ?/?>", re.IGNORECASE)
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
_IMAGE = re.compile(r"!\[[^\]]*\]\([^)]*\)")
_LINK = re.compile(r"\[([^\]]+)\](?:\([^)]*\)|\[[^\]]*\])")
_FOOTNOTE = re.compile(r"\[\^[^\]]*\]")
_EMPHASIS = re.compile(r"(\*{1,3}|(?<!\w)_{1,3}|`+)(?=\S)(.+?)(?<=\S)\1")
_TITLE = re.compile(r"^#\s+(.+)$", re.MULTILINE)
_HEADING = re.compile(r"#{1,6}\s+(.*?)\s*#*\Z")
_LIST_OR_TABLE = re.compile(r"(?:[-*+]|\d+[.)])\s|\||\[[^\]]*\]:|={3,}\Z|-{3,}\Z")


def read_pages(folder: Path, source: str, licence: str = "") -> Iterator[SourcePage]:
    """Yield the documents in a folder and its subfolders, sorted by path.

    If `licence` is empty, the first line of the folder's LICENCE (or LICENSE) file is used. Raises
    `SourceError` if there is no licence or a document isn't UTF-8.
    """
    site = Site(source, licence=licence or _read_licence(folder, source))
    for path in sorted(folder.rglob("*")):
        is_document = path.suffix.lower() in _EXTENSIONS and path.name not in _LICENCE_FILES
        if is_document and path.is_file():
            yield _read_document(path, site, f"{source}/{path.relative_to(folder).as_posix()}")


def _read_licence(folder: Path, source: str) -> str:
    for name in _LICENCE_FILES:
        path = folder / name
        lines = _read_text(path, f"{source}/{name}").split("\n") if path.is_file() else []
        licence = next((line.strip("# ").strip() for line in lines if line.strip("# ")), "")
        if licence:
            return licence
    raise SourceError(
        f"{source}: the documents have no licence, so texts generated from them can't be shown to "
        "reviewers. Add a file called LICENCE to the folder, and write the name of the licence in "
        "it."
    )


def _read_document(path: Path, site: Site, name: str) -> SourcePage:
    text = _read_text(path, name)
    title = path.stem.replace("_", " ").replace("-", " ")
    if path.suffix.lower() == ".md":
        heading = _TITLE.search(text)
        title = heading.group(1).strip() if heading else title
        text = strip_markdown(text)
    title, name = make_storable(title), make_storable(name)
    return SourcePage(
        site, title, name, _unwrap_lines(text), is_wikitext=False, url=f"documents:{name}"
    )


def _read_text(path: Path, name: str) -> str:
    try:
        return make_storable(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, OSError) as error:
        raise SourceError(
            f"{make_storable(name)} can't be read as UTF-8 text. Save it as UTF-8 or remove it "
            "from the folder."
        ) from error


def strip_markdown(text: str) -> str:
    """Return the prose and headings of a Markdown file, without lists, tables, code or images."""
    text = _BREAK.sub(" ", text)
    for pattern in (_FRONT_MATTER, _CODE, _COMMENT, _IMAGE, _FOOTNOTE, _TAG):
        text = pattern.sub("", text)
    text = _EMPHASIS.sub(r"\2", _EMPHASIS.sub(r"\2", _LINK.sub(r"\1", text)))
    return "\n".join(_strip_line(line) for line in text.split("\n"))


def _strip_line(line: str) -> str:
    stripped = line.strip().lstrip("> ")
    if heading := _HEADING.match(stripped):
        return f"\n{heading.group(1)}\n"
    return "" if _LIST_OR_TABLE.match(stripped) else stripped


def _unwrap_lines(text: str) -> str:
    """Put each paragraph on one line, and separate paragraphs with empty lines."""
    paragraphs = re.split(r"\n\s*\n", text.replace("\r\n", "\n"))
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs if paragraph.strip())
