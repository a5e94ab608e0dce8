"""Fixtures for the tests of sources and articles."""

import bz2
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.pipelines.articles.exports import export_xml


@pytest.fixture
def write_export(tmp_path: Path) -> Callable[..., Path]:
    """A function that writes pages as an export, compressed if the name ends in .bz2."""

    def write(pages: str, name: str = "enwiki-test.xml", schema: str = "0.11") -> Path:
        content = export_xml(pages, schema).encode()
        path = tmp_path / name
        path.write_bytes(bz2.compress(content) if name.endswith(".bz2") else content)
        return path

    return write
