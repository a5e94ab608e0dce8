"""Annotators in the workspace of a test module."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from annotation.argilla.accounts import Account, add_user
from annotation.argilla.connection import Connection


@pytest.fixture(scope="module")
def annotator(owner: Connection) -> Callable[[str], tuple[Account, Connection]]:
    """A function that creates an annotator by name, with a connection for their API key."""

    def make(name: str) -> tuple[Account, Connection]:
        account = add_user(owner, f"{owner.workspace}-{name}")
        return account, replace(owner, api_key=account.api_key)

    return make
