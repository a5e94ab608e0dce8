"""The compose file: by the specification, and each word of it one that our code reads."""

import argparse
import json
import re
import shlex
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import check_jsonschema
import pytest
import typer
from jsonschema import Draft7Validator
from ruamel.yaml import YAML

from timbre.__main__ import app

ROOT = Path(__file__).parents[2]
SCHEMA = Path(check_jsonschema.__file__).parent / "builtin_schemas/vendor/compose-spec.json"
SERVER = ROOT / "annotation/server/timbre_argilla"
COMPOSE: dict[str, Any] = YAML(typ="safe").load(ROOT / "docker-compose.yml")
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
EVERY = sorted(SERVICES)
OURS = sorted(n for n, s in SERVICES.items() if s["image"].startswith("timbre:"))
ARGILLAS = sorted(n for n, s in SERVICES.items() if s["image"].startswith("timbre-argilla:"))
STARTED = sorted(n for n, s in SERVICES.items() if not s.get("profiles"))


def test_the_file_is_as_the_compose_specification_says() -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    errors = Draft7Validator(schema).iter_errors(COMPOSE)
    assert [f"{list(error.path)}: {error.message}" for error in errors] == []


def test_every_service_of_the_stack_is_there() -> None:
    asked = {"postgres", "redis", "argilla", "argilla-worker", "timbre", "trainer"}
    assert asked <= set(STARTED)
    assert SERVICES["trainer-gpu"]["profiles"] == ["gpu"]
    assert SERVICES["elasticsearch"]["profiles"] == ["elasticsearch"]
    assert SERVICES["vllm"]["profiles"] == ["vllm"]


@pytest.mark.parametrize("name", OURS)
def test_each_command_of_ours_is_one_that_the_command_line_takes(name: str) -> None:
    words = SERVICES[name]["command"]
    command: Any = typer.main.get_command(app)
    path = ["timbre"]
    while hasattr(command, "commands"):
        path.append(words[0])
        command, words = command.commands[words[0]], words[1:]
    command.make_context(" ".join(path), list(words))


@pytest.mark.parametrize("name", ARGILLAS)
def test_each_command_of_the_argilla_image_is_one_that_its_entry_takes(name: str) -> None:
    known = set(re.findall(r'"(--[a-z-]+)"', (SERVER / "__main__.py").read_text(encoding="utf-8")))
    parser = argparse.ArgumentParser(exit_on_error=False)
    parser.add_argument("home")
    for option in known:
        flag = f'"{option}",? ?(\\n *)?action="store_true"'
        action = "store_true" if re.search(flag, (SERVER / "__main__.py").read_text()) else "store"
        parser.add_argument(option, action=action)
    parser.parse_args(SERVICES[name]["command"])


@pytest.mark.parametrize("name", OURS + ARGILLAS)
def test_each_variable_is_one_that_the_code_reads(name: str) -> None:
    files = [ROOT / "timbre/settings.py", SERVER / "__main__.py", SERVER / "credentials.py"]
    read = "\n".join(file.read_text(encoding="utf-8") for file in files)
    assert [v for v in SERVICES[name]["environment"] if f'"{v}"' not in read] == []


@pytest.mark.parametrize("name", EVERY)
def test_each_service_is_watched_bounded_and_comes_back(name: str) -> None:
    service = SERVICES[name]
    once = service["restart"] == "no"
    assert once or service["restart"] == "unless-stopped"
    assert once or service["healthcheck"]["test"]
    assert service["mem_limit"]
    assert service["logging"]["options"]["max-size"]
    assert "no-new-privileges:true" in service["security_opt"]


@pytest.mark.parametrize("name", STARTED)
def test_each_started_service_has_a_read_only_root_and_no_rights(name: str) -> None:
    assert SERVICES[name]["read_only"] is (name != "postgres")
    assert SERVICES[name]["cap_drop"] == ["ALL"]


def test_what_a_service_waits_for_says_when_it_is_ready() -> None:
    for name, service in SERVICES.items():
        for other, how in service.get("depends_on", {}).items():
            ready = "service_completed_successfully" if other == "migrate" else "service_healthy"
            assert how["condition"] == ready, f"{name} waits for {other}"


def test_every_port_is_open_to_this_host_alone() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", ())]
    assert ports
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


def secrets(value: Any) -> Iterator[str]:
    """The names of what the file takes from the environment and does without a default."""
    yield from re.findall(r"\$\{([A-Z_]+):\?run make env first\}", json.dumps(value))


def test_no_secret_has_a_default_and_make_env_makes_each(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    for _ in range(2):
        subprocess.run(["sh", ROOT / "docker/make-env", file], check=True, capture_output=True)
        lines = file.read_text(encoding="utf-8").splitlines()
    made = dict(line.split("=", 1) for line in lines)
    assert len(lines) == len(made)
    assert set(made) == set(secrets(SERVICES))
    assert len(set(made.values())) == len(made)
    assert min(len(value) for value in made.values()) >= 48
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    named = re.findall(r"\$\{([A-Z_]*(?:PASSWORD|KEY))[^?}]*\}", text)
    assert named == [], "a secret that compose would start without"


def test_make_env_leaves_what_is_there_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("REDIS_PASSWORD=mine\nARGILLA_PORT=6901\n", encoding="utf-8")
    subprocess.run(["sh", ROOT / "docker/make-env", file], check=True, capture_output=True)
    assert file.read_text(encoding="utf-8").startswith("REDIS_PASSWORD=mine\nARGILLA_PORT=6901\n")
    assert file.read_text(encoding="utf-8").count("REDIS_PASSWORD=") == 1


@pytest.mark.parametrize("name", ["timbre", "argilla"])
def test_each_image_is_pinned_built_in_stages_and_has_a_user(name: str) -> None:
    lines = (ROOT / f"docker/{name}/Dockerfile").read_text(encoding="utf-8").splitlines()
    bases = [line.split()[1] for line in lines if line.startswith("FROM")]
    assert bases == ["python:3.11-slim"] * 2
    assert [line for line in lines if line.startswith("USER")] == [f"USER {name}"]
    assert any("--constraint constraints.txt" in line for line in lines)
    assert "sbom.cdx.json" in "\n".join(lines)


@pytest.mark.parametrize("name", EVERY)
def test_each_image_and_mounted_path_is_named_exactly(name: str) -> None:
    service = SERVICES[name]
    assert re.search(r":v?\d", service["image"])
    for volume in service.get("volumes", ()):
        source = volume.split(":")[0]
        assert (ROOT / source).exists() if source.startswith(".") else source in COMPOSE["volumes"]


def test_each_shell_command_of_the_file_can_be_read_by_a_shell() -> None:
    for service in SERVICES.values():
        command = service.get("command", [])
        if command[:2] == ["sh", "-c"]:
            script = command[2].replace("$$", "$")
            subprocess.run(["sh", "-n", "-c", script], check=True)
            assert shlex.split(script)
