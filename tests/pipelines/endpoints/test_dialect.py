"""Adapting requests: parameters that no provider of the tables rejects, and what isn't adapted."""

from typing import Any

import pytest

from pipelines.teachers.endpoints.api_error import ApiError
from pipelines.teachers.endpoints.dialect import Dialect

BODY = {
    "model": "m",
    "messages": [{"role": "user", "content": "Stop here, in n words."}],
    "temperature": 0.7,
    "max_tokens": 100,
    "stop": ["\n"],
    "n": 1,
    "tools": [{"name": "reply"}],
    "tool_choice": {"type": "tool", "name": "reply"},
}


def adapted(text: str, status: int = 400, param: str = "") -> dict[str, Any]:
    """The body after an error was adapted to, without what stayed the same."""
    dialect = Dialect()
    sent = dialect.translate(BODY)
    is_adapted = dialect.adapt(sent, ApiError(status, text, text, param=param))
    changed = dialect.translate(BODY)
    assert is_adapted == bool(dialect.changes)
    return {"gone": sorted(BODY.keys() - changed.keys()), "schema_mode": dialect.schema_mode}


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        ("Argument not supported on this model: stop", ["stop"]),
        ("Model grok-4.5 does not support parameter stop.", ["stop"]),
        ("'n' : number must be at most 1", ["n"]),
        ("Extra inputs are not permitted: field n", ["n"]),
        ("`tool_choice` is not supported", ["tool_choice"]),
        ("Please stop sending n requests", []),
        ("The server is out of n", []),
    ],
)
def test_what_an_error_names_is_left_out(text: str, gone: list[str]) -> None:
    assert adapted(text)["gone"] == gone


def test_an_error_about_tools_changes_how_a_schema_is_requested() -> None:
    assert adapted("This model doesn't support tool use")["schema_mode"] == 1
    assert adapted("unexpected", param="tools[0].name")["schema_mode"] == 1


def test_a_server_error_that_only_mentions_a_schema_is_not_adapted_to() -> None:
    assert adapted("Failed to load the schema of the cache", status=500)["schema_mode"] == 0


def test_what_was_left_out_is_not_adapted_to_again() -> None:
    dialect = Dialect()
    error = ApiError(400, "", "'temperature' isn't supported")
    assert dialect.adapt(dialect.translate(BODY), error)
    assert not dialect.adapt(dialect.translate(BODY), error)
    assert dialect.changes == ["temperature isn't sent"]


def test_a_length_is_renamed_back_and_forth_at_most_once() -> None:
    dialect = Dialect()
    for _ in range(3):
        sent = dialect.translate(BODY)
        name = next((name for name in sent if name.startswith("max_")), "")
        text = f"Unsupported parameter: '{name}'"
        dialect.adapt(sent, ApiError(400, text, text))
    assert "max_tokens" not in dialect.translate(BODY)
    assert dialect.changes == [
        "max_tokens is sent as max_completion_tokens",
        "max_completion_tokens isn't sent",
    ]


def test_a_renamed_length_keeps_its_lower_value() -> None:
    dialect = Dialect()
    too_large = ApiError(400, "", "max_tokens is too large: 100. At most 64 are supported.")
    dialect.adapt(dialect.translate(BODY), too_large)
    dialect.adapt(dialect.translate(BODY), ApiError(400, "", "Unsupported parameter: max_tokens"))
    assert dialect.translate(BODY)["max_completion_tokens"] == 64
