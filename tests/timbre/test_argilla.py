"""Who can log in to Argilla, as `timbre review push` says it."""

import pytest

from annotation.argilla.accounts import Account, UserRole
from annotation.argilla.connection import Connection
from timbre.argilla import describe_access

SERVER = Connection("http://127.0.0.1:6900", "key")
OWNER = Account("owner", UserRole.OWNER, "")
ADA = Account("ada", UserRole.ANNOTATOR, "")
RULE = Account("rule-listener", UserRole.ANNOTATOR, "")


@pytest.mark.parametrize(
    ("users", "annotators", "said"),
    [
        ([OWNER, ADA], ("ada",), ""),
        ([OWNER, ADA], (), ""),
        ([OWNER, ADA], ("ada", "bo"), " bo has no account yet: add each one with `timbre"),
        ([OWNER], ("ada", "bo"), " ada and bo have no account yet: add each one with `timbre"),
        ([OWNER, RULE], (), " Log in as the owner (`timbre review logins`), or add people with"),
    ],
)
def test_people_without_an_account_are_named(
    monkeypatch: pytest.MonkeyPatch, users: list[Account], annotators: tuple[str, ...], said: str
) -> None:
    monkeypatch.setattr("timbre.argilla.list_users", lambda connection: users)
    where, _, rest = describe_access(SERVER, annotators).partition("6900.")
    assert where == "Review them at http://127.0.0.1:"
    assert rest.startswith(said)
    assert bool(rest) == bool(said)
