"""Every successful command names the next one."""

import pytest

from db.store import Store
from tests.timbre.commands.test_help import COMMANDS
from tests.timbre.conftest import Timbre
from tests.timbre.workflows.conftest import add_passages
from timbre.commands.next_step import _NEXT

NAMES = [name.removeprefix("timbre ") for name in COMMANDS]


@pytest.mark.parametrize("name", NAMES)
def test_every_command_has_a_next_one(name: str) -> None:
    parameters = {parameter.name for parameter in COMMANDS[f"timbre {name}"].params}
    assert name in _NEXT or "campaign" in parameters


def test_next_commands_exist() -> None:
    for command in _NEXT.values():
        words = command.removeprefix("timbre ").split()
        assert words[0] in NAMES or " ".join(words[:2]) in NAMES or words[0] == "init", command


def test_the_next_command_follows_from_what_the_campaign_has(timbre: Timbre, store: Store) -> None:
    add_passages(store)
    assert timbre("status", "demo-tone").err == "Next: timbre check demo-tone\n"
    assert timbre("check", "demo-tone").err == "Next: timbre generate demo-tone\n"
    generated = timbre("generate", "demo-tone", "--limit", "3")
    read, announced = generated.err.splitlines()
    assert read.startswith("sample: 29 articles with 175 passages; rejected: ")
    assert announced == "Next: timbre review push demo-tone"
    assert "Next" not in generated.out


def test_programs_get_no_next_command(timbre: Timbre) -> None:
    assert timbre("status", "demo-tone", "--json").err == ""
    assert timbre("clean").err == "Next: timbre doctor\n"
