"""Fixtures of the Wikipedia tests."""

import bz2
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.pipelines.articles.exports import export_xml


@pytest.fixture
def write_export(tmp_path: Path) -> Callable[..., Path]:
    """Writes pages as an export; a name that ends in .bz2 is compressed."""

    def write(pages: str, name: str = "enwiki-test.xml", schema: str = "0.11") -> Path:
        content = export_xml(pages, schema).encode()
        path = tmp_path / name
        path.write_bytes(bz2.compress(content) if name.endswith(".bz2") else content)
        return path

    return write
