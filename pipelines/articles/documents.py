"""A folder of a team's own documents (.md, .txt), each an article under a licence it must name."""

import re
from collections.abc import Iterator
from pathlib import Path

from pipelines.articles.page import Page, Site
from pipelines.errors import SourceError
from pipelines.storable_text import make_storable

_KINDS = frozenset({".md", ".txt"})
_LICENCE_FILES = ("LICENCE", "LICENSE", "LICENCE.txt", "LICENSE.txt", "LICENCE.md", "LICENSE.md")
_FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
_CODE = re.compile(r"^(```|~~~).*?^\1[^\n]*$", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_BREAK = re.compile(r"<br ?/?>", re.IGNORECASE)
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
_IMAGE = re.compile(r"!\[[^\]]*\]\([^)]*\)")
_LINK = re.compile(r"\[([^\]]+)\](?:\([^)]*\)|\[[^\]]*\])")
_NOTE = re.compile(r"\[\^[^\]]*\]")
_EMPHASIS = re.compile(r"(\*{1,3}|(?<!\w)_{1,3}|`+)(?=\S)(.+?)(?<=\S)\1")
_HEADING = re.compile(r"#{1,6}\s+(.*?)\s*#*\Z")
_LISTED = re.compile(r"(?:[-*+]|\d+[.)])\s|\||\[[^\]]*\]:|={3,}\Z|-{3,}\Z")


def pages(folder: Path, source: str, licence: str = "") -> Iterator[tuple[Site, Page]]:
    """The documents of a folder and its subfolders, in the order of their names.

    The licence is the one handed in or the first line of a file LICENCE (or LICENSE) in the
    folder. Raises `SourceError` where there is none, or for a document that is no UTF-8 text.
    """
    site = Site(source, licence=licence or _stated_licence(folder, source))
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in _KINDS and path.name not in _LICENCE_FILES and path.is_file():
            yield site, _page(path, f"{source}/{path.relative_to(folder).as_posix()}")


def _stated_licence(folder: Path, source: str) -> str:
    for name in _LICENCE_FILES:
        path = folder / name
        lines = _text(path, f"{source}/{name}").split("\n") if path.is_file() else []
        stated = next((line.strip("# ").strip() for line in lines if line.strip("# ")), "")
        if stated:
            return stated
    raise SourceError(
        f"found no licence for the documents in {source}, expected one, as people will be shown "
        "texts made from them; write its name into a file LICENCE in that folder"
    )


def _page(path: Path, name: str) -> Page:
    text = _text(path, name)
    markdown = path.suffix.lower() == ".md"
    title, plain = path.stem.replace("_", " ").replace("-", " "), text
    if markdown:
        heading = re.search(r"^#\s+(.+)$", text, re.MULTILINE)
        title = heading.group(1).strip() if heading else title
        plain = plain_markdown(text)
    name = make_storable(name)
    return Page(make_storable(title), name, _unwrapped(plain), url=f"documents:{name}")


def _text(path: Path, name: str) -> str:
    try:
        return make_storable(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, OSError) as error:
        raise SourceError(
            f"found a document that cannot be read as UTF-8 text, {make_storable(name)}; save it anew "
            "or take it out of the folder"
        ) from error


def plain_markdown(text: str) -> str:
    """The prose of a Markdown text and its headings, without lists, tables, code and images."""
    text = _BREAK.sub(" ", text)
    for pattern in (_FRONT_MATTER, _CODE, _COMMENT, _IMAGE, _NOTE, _TAG):
        text = pattern.sub("", text)
    text = _EMPHASIS.sub(r"\2", _EMPHASIS.sub(r"\2", _LINK.sub(r"\1", text)))
    return "\n".join(_plain_line(line) for line in text.split("\n"))


def _plain_line(line: str) -> str:
    stripped = line.strip().lstrip("> ")
    if heading := _HEADING.match(stripped):
        return f"\n{heading.group(1)}\n"
    return "" if _LISTED.match(stripped) else stripped


def _unwrapped(text: str) -> str:
    """Paragraphs on a line each; they are told apart by empty lines."""
    paragraphs = re.split(r"\n\s*\n", text.replace("\r\n", "\n"))
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs if paragraph.strip())
