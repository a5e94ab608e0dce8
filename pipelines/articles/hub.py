"""A source that streams a dataset with the columns of `wikimedia/wikipedia` from the Hub.

It reads the parquet files over the network, one row group at a time, and stores none of them.
"""

import re
from collections.abc import Iterator

from httpx2 import HTTPError  # The client that huggingface_hub uses.
from huggingface_hub import HfFileSystem
from huggingface_hub.errors import HfHubHTTPError

from pipelines.articles.source_page import SourcePage
from pipelines.articles.tables import read_parquet
from pipelines.errors import SourceError

USAGE = "hf:OWNER/NAME:FOLDER (such as hf:wikimedia/wikipedia:20231101.en)"
_FORM = re.compile(r"hf:(?P<repo>[\w.-]+/[\w.-]+):(?P<folder>[\w./-]+)\Z")


def read_pages(source: str, licence: str = "", endpoint: str | None = None) -> Iterator[SourcePage]:
    """The rows of every parquet file in a folder of a dataset, sorted by file name.

    Raises `SourceError` if there are none, the Hub can't be reached or a file lacks a column.
    """
    match = _FORM.match(source)
    if match is None:
        raise SourceError(f"“{source}” doesn't name a dataset on the Hub. Write {USAGE}.")
    hub = HfFileSystem(endpoint=endpoint, skip_instance_cache=True)
    try:
        names = sorted(hub.glob(f"datasets/{match['repo']}/{match['folder']}/*.parquet"))
        if not names:
            raise SourceError(
                f"{source} has no parquet files. Look up the dataset's folders on its page and "
                f"write {USAGE}."
            )
        for name in names:
            with hub.open(name) as file:
                yield from read_parquet(file, source, licence)
    except (HfHubHTTPError, HTTPError, FileNotFoundError) as error:
        raise SourceError(
            f"{source} can't be read from the Hub ({type(error).__name__}). Check the dataset's "
            "name, the network and, for a gated dataset, HF_TOKEN."
        ) from error
