"""A source that streams datasets with the same columns as `wikimedia/wikipedia` from the Hub.

The source reads parquet files over the network, one row group at a time, without storing them.
"""

import re
from collections.abc import Iterator

from httpx2 import HTTPError  # huggingface_hub uses this client.
from huggingface_hub import HfFileSystem
from huggingface_hub.errors import HfHubHTTPError

from pipelines.articles.source_page import SourcePage, SourceTerms
from pipelines.articles.tables import read_parquet
from pipelines.errors import SourceError

USAGE = "hf:OWNER/NAME:FOLDER (such as hf:wikimedia/wikipedia:20231101.en)"
_FORM = re.compile(r"hf:(?P<repo>[\w.-]+/[\w.-]+):(?P<folder>[\w./-]+)\Z")


def read_pages(source: str, licence: str = "", endpoint: str | None = None) -> Iterator[SourcePage]:
    """Yield the rows of every parquet file in a dataset folder, sorted by file name.

    Raises `SourceError` if there are no parquet files, the Hub can't be reached or a file lacks a
    column.
    """
    match = _FORM.match(source)
    if match is None:
        raise SourceError(f"“{source}” isn't a valid Hub dataset. Use the form {USAGE}.")
    hub = HfFileSystem(endpoint=endpoint, skip_instance_cache=True)
    try:
        names = sorted(hub.glob(f"datasets/{match['repo']}/{match['folder']}/*.parquet"))
        if not names:
            raise SourceError(
                f"{source} contains no parquet files. Look up the folder names on the dataset "
                f"page, and use the form {USAGE}."
            )
        for name in names:
            with hub.open(name) as file:
                yield from read_parquet(file, source, SourceTerms(licence))
    except (HfHubHTTPError, HTTPError, FileNotFoundError) as error:
        raise SourceError(
            f"{source} can't be read from the Hub ({type(error).__name__}). Check the dataset "
            "name, your network connection and, if the dataset is gated, HF_TOKEN."
        ) from error
