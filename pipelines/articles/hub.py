"""Pages of a data set on the Hugging Face Hub with the columns of `wikimedia/wikipedia`, streamed.

Its parquet files are read row group by row group over the network; nothing is kept on this machine.
"""

import re
from collections.abc import Iterator

from httpx2 import HTTPError  # what huggingface_hub speaks through
from huggingface_hub import HfFileSystem
from huggingface_hub.errors import HfHubHTTPError

from pipelines.articles.page import Page, Site
from pipelines.errors import SourceError
from pipelines.wikipedia import parquet

EXPECTED = "hf:OWNER/NAME:FOLDER, such as hf:wikimedia/wikipedia:20231101.en"
_FORM = re.compile(r"hf:(?P<repo>[\w.-]+/[\w.-]+):(?P<folder>[\w./-]+)\Z")


def pages(
    source: str, licence: str = "", endpoint: str | None = None
) -> Iterator[tuple[Site, Page]]:
    """The rows of every parquet file in a folder of a data set, in the order of their names.

    `endpoint` is the Hub's address, by default the public one. Raises `SourceError` if there is no
    such data set or folder, if the Hub cannot be reached, or if a file lacks a column.
    """
    match = _FORM.match(source)
    if match is None:
        raise SourceError(f"found “{source}”, expected {EXPECTED}")
    hub = HfFileSystem(endpoint=endpoint, skip_instance_cache=True)
    try:
        names = sorted(hub.glob(f"datasets/{match['repo']}/{match['folder']}/*.parquet"))
        if not names:
            raise SourceError(
                f"found no parquet file in {match['folder']} of {match['repo']} on the Hub, "
                f"expected {EXPECTED}; look at the data set's page for its folders"
            )
        for name in names:
            with hub.open(name) as file:
                yield from parquet.rows(file, source, licence)
    except (HfHubHTTPError, HTTPError, FileNotFoundError) as error:
        raise SourceError(
            f"found no answer for {match['repo']} on the Hub ({type(error).__name__}), expected a "
            "data set that can be read; check its name, the network, and HF_TOKEN if it is gated"
        ) from error
