"""The compose file follows the specification, and our code reads all its options."""

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
NAMES = sorted(SERVICES)
OURS = sorted(n for n, s in SERVICES.items() if s["image"].startswith("timbre:"))
ARGILLAS = sorted(n for n, s in SERVICES.items() if s["image"].startswith("timbre-argilla:"))
STARTED = sorted(n for n, s in SERVICES.items() if not s.get("profiles"))


def test_the_file_follows_the_compose_specification() -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    errors = Draft7Validator(schema).iter_errors(COMPOSE)
    assert [f"{list(error.path)}: {error.message}" for error in errors] == []


def test_the_stack_has_every_service() -> None:
    required = {"postgres", "redis", "argilla", "argilla-worker", "timbre", "trainer"}
    assert required <= set(STARTED)
    assert SERVICES["trainer-gpu"]["profiles"] == ["gpu"]
    assert SERVICES["elasticsearch"]["profiles"] == ["elasticsearch"]
    assert SERVICES["vllm"]["profiles"] == ["vllm"]


@pytest.mark.parametrize("name", OURS)
def test_each_timbre_command_parses(name: str) -> None:
    arguments = SERVICES[name]["command"]
    command: Any = typer.main.get_command(app)
    path = ["timbre"]
    while hasattr(command, "commands"):
        path.append(arguments[0])
        command, arguments = command.commands[arguments[0]], arguments[1:]
    command.make_context(" ".join(path), list(arguments))


@pytest.mark.parametrize("name", ARGILLAS)
def test_each_argilla_command_has_known_options(name: str) -> None:
    known = set(re.findall(r'"(--[a-z-]+)"', (SERVER / "__main__.py").read_text(encoding="utf-8")))
    parser = argparse.ArgumentParser(exit_on_error=False)
    parser.add_argument("home")
    for option in known:
        flag = f'"{option}",? ?(\\n *)?action="store_true"'
        action = "store_true" if re.search(flag, (SERVER / "__main__.py").read_text()) else "store"
        parser.add_argument(option, action=action)
    parser.parse_args(SERVICES[name]["command"])


@pytest.mark.parametrize("name", OURS + ARGILLAS)
def test_each_variable_is_read_by_the_code(name: str) -> None:
    files = [ROOT / "timbre/settings.py", SERVER / "__main__.py", SERVER / "credentials.py"]
    code = "\n".join(file.read_text(encoding="utf-8") for file in files)
    assert [v for v in SERVICES[name]["environment"] if f'"{v}"' not in code] == []


@pytest.mark.parametrize("name", NAMES)
def test_each_service_restarts_and_has_health_checks_and_limits(name: str) -> None:
    service = SERVICES[name]
    is_job = service["restart"] == "no"
    assert is_job or service["restart"] == "unless-stopped"
    assert is_job or service["healthcheck"]["test"]
    assert service["mem_limit"]
    assert service["logging"]["options"]["max-size"]
    assert "no-new-privileges:true" in service["security_opt"]


@pytest.mark.parametrize("name", STARTED)
def test_each_started_service_has_a_read_only_root_and_no_capabilities(name: str) -> None:
    assert SERVICES[name]["read_only"] is (name != "postgres")
    assert SERVICES[name]["cap_drop"] == ["ALL"]


def test_services_wait_until_their_dependencies_are_ready() -> None:
    for name, service in SERVICES.items():
        for other, dependency in service.get("depends_on", {}).items():
            ready = "service_completed_successfully" if other == "migrate" else "service_healthy"
            assert dependency["condition"] == ready, f"{name} waits for {other}"


def test_only_argilla_uses_redis() -> None:
    users = {n for n, service in SERVICES.items() if "redis" in service.get("depends_on", {})}
    assert users == {"argilla"}
    assert not [n for n in OURS if "redis" in json.dumps(SERVICES[n]["environment"])]


def test_every_port_is_open_to_this_host_only() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", ())]
    assert ports
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


def secrets(value: Any) -> Iterator[str]:
    """The names of the environment variables that the file requires."""
    yield from re.findall(r"\$\{([A-Z_]+):\?run make env first\}", json.dumps(value))


def test_make_env_generates_every_secret_and_none_has_a_default(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    for _ in range(2):
        subprocess.run(["sh", ROOT / "docker/make-env", file], check=True, capture_output=True)
        lines = file.read_text(encoding="utf-8").splitlines()
    generated = dict(line.split("=", 1) for line in lines)
    assert len(lines) == len(generated)
    assert set(generated) == set(secrets(SERVICES))
    assert len(set(generated.values())) == len(generated)
    assert min(len(value) for value in generated.values()) >= 48
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    optional = re.findall(r"\$\{([A-Z_]*(?:PASSWORD|KEY))[^?}]*\}", text)
    assert optional == []


def test_make_env_keeps_existing_values(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("REDIS_PASSWORD=mine\nARGILLA_PORT=6901\n", encoding="utf-8")
    subprocess.run(["sh", ROOT / "docker/make-env", file], check=True, capture_output=True)
    assert file.read_text(encoding="utf-8").startswith("REDIS_PASSWORD=mine\nARGILLA_PORT=6901\n")
    assert file.read_text(encoding="utf-8").count("REDIS_PASSWORD=") == 1


@pytest.mark.parametrize("name", ["timbre", "argilla"])
def test_each_image_is_pinned_built_in_stages_and_runs_as_its_user(name: str) -> None:
    lines = (ROOT / f"docker/{name}/Dockerfile").read_text(encoding="utf-8").splitlines()
    bases = [line.split()[1] for line in lines if line.startswith("FROM")]
    assert bases == ["python:3.11-slim"] * 2
    assert [line for line in lines if line.startswith("USER")] == [f"USER {name}"]
    assert any("--constraint constraints.txt" in line for line in lines)
    assert "sbom.cdx.json" in "\n".join(lines)


@pytest.mark.parametrize("name", NAMES)
def test_each_image_has_a_version_and_each_mounted_path_exists(name: str) -> None:
    service = SERVICES[name]
    assert re.search(r":v?\d", service["image"])
    for volume in service.get("volumes", ()):
        source = volume.split(":")[0]
        assert (ROOT / source).exists() if source.startswith(".") else source in COMPOSE["volumes"]


def test_each_shell_command_parses() -> None:
    for service in SERVICES.values():
        command = service.get("command", [])
        if command[:2] == ["sh", "-c"]:
            script = command[2].replace("$$", "$")
            subprocess.run(["sh", "-n", "-c", script], check=True)
            assert shlex.split(script)
