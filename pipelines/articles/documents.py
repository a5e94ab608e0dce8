"""A source that reads documents, one article per file: text, Markdown, PDF, DOCX, HTML, EPUB."""

import re
from collections.abc import Iterator
from pathlib import Path

from pipelines.articles.converters import CONVERTED, convert_document
from pipelines.articles.source_page import (
    DOCUMENT_ROOT,
    OTHER_FILE,
    SCAN,
    Site,
    SourcePage,
    SourceTerms,
)
from pipelines.errors import SourceError
from pipelines.text.files import UNREADABLE, read_text
from pipelines.text.storable import make_storable
from pipelines.wikipedia.wikitext.markers import HEADING, remove_markers

_TEXTS = (".md", ".txt")
EXTENSIONS = (*_TEXTS, *CONVERTED)
_DATA = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet", ".xml", ".bz2")
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


def read_pages(path: Path, source: str, terms: SourceTerms | None = None) -> Iterator[SourcePage]:
    """Yield the pages of a document, or of all documents in a folder and its subfolders.

    Without a licence in `terms`, the first line of a LICENCE (or LICENSE) file in the folder is
    used. Scanned pages and files of other types are yielded as pages of their own, so that they can
    be reported. Raises `SourceError` if there is no licence and, after the last document, if some
    documents can't be read.
    """
    terms = terms or SourceTerms()
    folder = path if path.is_dir() else path.parent
    licence = terms.licence or _read_licence(folder, source)
    site = Site(source, language=terms.language, licence=licence)
    skip, problems = {Path(name).resolve() for name in terms.skip}, dict[str, None]()
    for file in list_files(path):
        name = f"{source}/{file.relative_to(path).as_posix()}" if path.is_dir() else source
        try:
            if is_document(file):
                yield from _read_document(file, site, make_storable(name))
            elif file.resolve() not in skip:
                yield _other_file(file, site, make_storable(name))
        except SourceError as error:
            problems[str(error)] = None
    if problems:
        raise SourceError("\n".join(problems))


def is_document(path: Path) -> bool:
    """Whether a file's name is one of a document that can be read."""
    suffix = path.suffix.lower()
    is_text = suffix == ".gz" and Path(path.stem).suffix.lower() in _TEXTS
    return is_text or suffix in EXTENSIONS


def list_files(path: Path) -> list[Path]:
    """A file, or the files in a folder, except hidden ones and the licence."""
    if not path.is_dir():
        return [path]
    return [
        file
        for file in sorted(path.rglob("*"))
        if file.is_file()
        and file.name not in _LICENCE_FILES
        and not any(part.startswith((".", "~$")) for part in file.relative_to(path).parts)
    ]


def _other_file(file: Path, site: Site, name: str) -> SourcePage:
    is_data = Path(file.name.removesuffix(".gz")).suffix.lower() in _DATA
    fix = (
        "name it in `chats` of the campaign if it has chats, or in `sources` if it has articles"
        if is_data
        else f"save its text as one of {', '.join(EXTENSIONS)}"
    )
    return SourcePage(site, name, name, fix, model=OTHER_FILE, url=f"{DOCUMENT_ROOT}{name}")


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


def _read_document(path: Path, site: Site, name: str) -> Iterator[SourcePage]:
    file = Path(path.name.removesuffix(".gz"))
    suffix, scans = file.suffix.lower(), tuple[int, ...]()
    title = file.stem.replace("_", " ").replace("-", " ")
    if suffix in CONVERTED:
        document = convert_document(path, name)
        text = remove_markers(make_storable(document.markdown))
        scans = document.scanned_pages
    else:
        text = _read_text(path, name)
    if suffix != ".txt":
        heading = _TITLE.search(text)
        title = heading.group(1).strip() if heading else title
        text = strip_markdown(text)
    title, url = make_storable(title), f"{DOCUMENT_ROOT}{name}"
    for number in scans:
        yield SourcePage(site, f"{name}, page {number}", name, "", model=SCAN, url=url)
    if text.strip() or not scans:
        yield SourcePage(site, title, name, _unwrap_lines(text), is_wikitext=False, url=url)


def _read_text(path: Path, name: str) -> str:
    try:
        return remove_markers(make_storable(read_text(path)))
    except UNREADABLE as error:
        raise SourceError(
            f"{make_storable(name)} can't be read as text in UTF-8 or UTF-16. Save it as UTF-8 or "
            "remove it from the folder."
        ) from error


def strip_markdown(text: str) -> str:
    """Return the prose and headings of a Markdown file, with a marker before each heading.

    Lists, tables, code and images are removed.
    """
    text = _BREAK.sub(" ", text)
    for pattern in (_FRONT_MATTER, _CODE, _COMMENT, _IMAGE, _FOOTNOTE, _TAG):
        text = pattern.sub("", text)
    text = _EMPHASIS.sub(r"\2", _EMPHASIS.sub(r"\2", _LINK.sub(r"\1", text)))
    return "\n".join(_strip_line(line) for line in text.split("\n"))


def _strip_line(line: str) -> str:
    stripped = line.strip().lstrip("> ")
    if heading := _HEADING.match(stripped):
        return f"\n{HEADING}{heading.group(1)}\n"
    return "" if _LIST_OR_TABLE.match(stripped) else stripped


def _unwrap_lines(text: str) -> str:
    """Return a text with each paragraph on one line and an empty line between paragraphs."""
    paragraphs = re.split(r"\n\s*\n", text)
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs if paragraph.strip())
