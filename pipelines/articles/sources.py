"""The registry of sources: files, folders, the Hugging Face Hub, Wikipedia and the bundled sample.

To add a source, copy one of the modules imported here and register your reader below.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from pipelines.articles import documents, hub, tables
from pipelines.articles.source_page import SourcePage, SourceTerms
from pipelines.errors import SourceError
from pipelines.wikipedia import api, dump

# These readers take a path, the source's name and terms. The file name's suffix selects the reader.
_FILE_READERS: dict[str, Callable[[Path, str, SourceTerms], Iterator[SourcePage]]] = {
    ".xml": lambda path, name, terms: dump.read_pages(path, name, terms.licence),
    ".bz2": lambda path, name, terms: dump.read_pages(path, name, terms.licence),
    ".parquet": tables.read_parquet,
    ".jsonl": tables.read_json_lines,
    **dict.fromkeys(documents.EXTENSIONS, documents.read_pages),
}
# These readers take the source as the user entered it, and a licence. Its prefix selects the
# reader.
_ONLINE_READERS: dict[str, Callable[[str, str], Iterator[SourcePage]]] = {
    "wiki:": api.read_pages,
    "hf:": hub.read_pages,
}
_USAGE = (
    "Use `sample`, a file ending in .xml, .xml.bz2, .parquet or .jsonl (also .gz), a document or a "
    f"folder of documents ({', '.join(documents.EXTENSIONS)}), {hub.USAGE}, or {api.USAGE}."
)
_CAMPAIGN_FILE = "campaign.toml"
_SAMPLE = Path(__file__).parent / "sample" / "articles.xml"
_SAMPLE_LICENCE = "Apache-2.0"


def open_source(source: str, terms: SourceTerms | None = None) -> Iterator[SourcePage]:
    """Yield the pages of a source: `sample`, a file, a folder, or an `hf:` or `wiki:` address.

    `terms` apply to texts that don't come from Wikipedia. Raises `SourceError` if no reader
    supports the source or the source has no pages. If the source is damaged, the error is raised
    after the last readable page.
    """
    terms = terms or SourceTerms()
    for prefix, read in _ONLINE_READERS.items():
        if source.startswith(prefix):
            return _require_pages(read(source, terms.licence), source)
    if source == "sample":
        terms = replace(terms, licence=terms.licence or _SAMPLE_LICENCE)
    path = source_path(source)
    return _require_pages(_file_reader(path)(path, source_name(source), terms), source)


def _require_pages(pages: Iterator[SourcePage], source: str) -> Iterator[SourcePage]:
    first = next(pages, None)
    if first is None:
        raise SourceError(
            f"{Path(source).name} contains no pages. Check that this is the source you meant."
        )
    yield first
    yield from pages


def source_path(source: str) -> Path:
    """Return the file or folder of a local source.

    Raises `SourceError` if the file or folder is missing.
    """
    if source == "sample":
        return _SAMPLE
    path = Path(source)
    if not source or not path.exists():  # Path("") would be the current folder.
        raise SourceError(f"“{source}” isn't an article source. {_USAGE}")
    return path


def source_name(source: str) -> str:
    """Return the source name that is stored with each article.

    The source name of a file or folder is its name without the path. In a campaign's folder, the
    folder's name comes first, because every campaign may have a `material`.
    """
    if source == "sample" or source.startswith(tuple(_ONLINE_READERS)):
        return source
    path = Path(source)
    name = path.name or path.resolve().name or str(path)
    is_campaigns = (path.parent / _CAMPAIGN_FILE).is_file()
    return f"{path.resolve().parent.name}/{name}" if is_campaigns else name


def is_documents(source: str) -> bool:
    """Return whether a source is a document or a folder of documents."""
    path = Path(source)
    return source != "sample" and (path.is_dir() or path.suffix.lower() in documents.EXTENSIONS)


def _file_reader(path: Path) -> Callable[[Path, str, SourceTerms], Iterator[SourcePage]]:
    if path.is_dir():
        return documents.read_pages
    for ending, reader in _FILE_READERS.items():
        if path.name.lower().removesuffix(".gz").endswith(ending):
            return reader
    raise SourceError(f"{path.name} has an unsupported file type. {_USAGE}")
