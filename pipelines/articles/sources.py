"""The registry of sources: files, folders, the Hugging Face Hub, Wikipedia and the bundled sample.

To add a source, copy a module such as `tables.py` and register its reader in this file. Reader
modules are imported only when needed, because importing some of them takes longer than opening a
dump.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

from pipelines.articles import documents
from pipelines.articles.source_page import SourcePage, SourceTerms
from pipelines.errors import SourceError

# These readers take a path, the source's name and terms. The file name's suffix selects the reader.
_FILE_READERS = {
    ".xml": "pipelines.wikipedia.dump:read_pages",
    ".bz2": "pipelines.wikipedia.dump:read_pages",
    ".parquet": "pipelines.articles.tables:read_parquet",
    ".jsonl": "pipelines.articles.tables:read_json_lines",
    **dict.fromkeys(documents.EXTENSIONS, "pipelines.articles.documents:read_pages"),
}
# These readers take the source as the user entered it, and a licence. The prefix of the source
# selects the reader.
_ONLINE_READERS = {
    "wiki:": "pipelines.wikipedia.api:read_pages",
    "hf:": "pipelines.articles.hub:read_pages",
}
_CAMPAIGN_FILE = "campaign.toml"
_SAMPLE = Path(__file__).parent / "sample" / "articles.xml"
_SAMPLE_LICENCE = "Apache-2.0"


def open_source(source: str, terms: SourceTerms | None = None) -> Iterator[SourcePage]:
    """Yield the pages of a source: `sample`, a file, a folder, or an `hf:` or `wiki:` address.

    `terms` are the licence and language of texts that don't come from Wikipedia. Raises
    `SourceError` if no reader supports the source or the source has no pages. If the source is
    damaged, `SourceError` is raised after the last readable page.
    """
    terms = terms or SourceTerms()
    for prefix, reader in _ONLINE_READERS.items():
        if source.startswith(prefix):
            return _require_pages(_load(reader)(source, terms.licence), source)
    if source == "sample":
        terms = replace(terms, licence=terms.licence or _SAMPLE_LICENCE)
    path = source_path(source)
    return _require_pages(_file_reader(path)(path, source_name(source), terms), source)


def _require_pages(pages: Iterator[SourcePage], source: str) -> Iterator[SourcePage]:
    first = next(pages, None)
    if first is None:
        if Path(source).is_dir():
            raise SourceError(
                f"{source} contains no documents. Put some into it "
                f"({', '.join(documents.EXTENSIONS)})."
            )
        raise SourceError(
            f"{Path(source).name} contains no pages. Check that this is the source you meant."
        )
    yield first
    yield from pages


def source_path(source: str) -> Path:
    """Return the path of a local source.

    Raises `SourceError` if the file or folder doesn't exist.
    """
    if source == "sample":
        return _SAMPLE
    path = Path(source)
    if not source or not path.exists():  # Path("") would be the current folder.
        raise SourceError(f"“{source}” isn't an article source. {_usage()}")
    return path


def source_name(source: str) -> str:
    """Return the source name that is stored with each article.

    For a file or folder, the source name is its name without the path. If the file or folder is
    inside a campaign's folder, the source name starts with the name of that folder, because several
    campaigns may have a source called `material`.
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
    return source != "sample" and (path.is_dir() or documents.is_document(path))


def _file_reader(path: Path) -> Callable[..., Iterator[SourcePage]]:
    if path.is_dir():
        return documents.read_pages
    for ending, reader in _FILE_READERS.items():
        if path.name.lower().removesuffix(".gz").endswith(ending):
            return _load(reader)
    raise SourceError(f"{path.name} has an unsupported file type. {_usage()}")


def _load(reader: str) -> Callable[..., Iterator[SourcePage]]:
    module, _, name = reader.partition(":")
    function: Any = getattr(import_module(module), name)
    return function  # type: ignore[no-any-return] # its module isn't imported for type checking


def _usage() -> str:
    from pipelines.articles import hub
    from pipelines.wikipedia import api

    return (
        "Use `sample`, a file ending in .xml, .xml.bz2, .parquet or .jsonl (also .gz), a document "
        f"or a folder of documents ({', '.join(documents.EXTENSIONS)}), {hub.USAGE}, or "
        f"{api.USAGE}."
    )
