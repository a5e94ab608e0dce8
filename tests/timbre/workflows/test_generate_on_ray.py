"""`timbre generate --engine ray` on a cluster of two nodes on this machine."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from db.records import Candidate
from db.store import Store
from pipelines.errors import TeacherError
from pipelines.teachers.phrasebook.llm import PhrasebookLLM
from pipelines.teachers.ray import RayLLM
from tests.conftest import require
from tests.pipelines.conftest import TEXTS
from tests.pipelines.servers import KEY, Server
from tests.serving import serving
from tests.timbre.conftest import ignore_progress
from tests.timbre.workflows.conftest import add_passages
from tests.timbre.workflows.test_generate import reject_a_seed, reject_the_last_step
from timbre.campaign import load_campaign
from timbre.settings import read_settings
from timbre.stores import open_store
from timbre.workflows.generate.run import generate

CAMPAIGN = """
name = "bridges"
tone = "conversational"

[generate]
teacher = "{teacher}"
"""
Home = Callable[[str], Path]


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """The address of a cluster that lives as long as these tests."""
    require(find_spec("ray"), "needs Ray (pip install -e '.[ray]')")
    program = Path(__file__).with_name("ray_cluster.py")
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, program], stderr=subprocess.DEVNULL, **pipes) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert address, "the cluster did not start"
        yield address
        process.stdin.close()


@pytest.fixture
def use_home(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """Create a home with twelve passages, and use it from now on."""

    def use(name: str) -> Path:
        monkeypatch.setenv("TIMBRE_HOME", str(tmp_path / name))
        with open_store() as store:
            add_passages(store, tuple(f"{TEXTS[n % 3]} It is no. {n}." for n in range(12)))
        return tmp_path / name

    return use


def campaign(folder: Path, teacher: str) -> Path:
    path = folder / "bridges.toml"
    path.write_text(CAMPAIGN.format(teacher=teacher), encoding="utf-8")
    return path


def generate_on_ray(path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a process of its own, because Ray prints warnings, which fail tests."""
    return subprocess.run(
        [sys.executable, "-m", "timbre", "generate", path, "--engine", "ray"],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def candidate_ids(store: Store) -> list[str]:
    return sorted(candidate.id for candidate in store.stream(Candidate))


def replies(home: Path) -> list[str]:
    return sorted((home / "journals" / "bridges.jsonl").read_text(encoding="utf-8").splitlines())


def test_two_nodes_generate_what_one_process_generates(
    cluster: str, use_home: Home, tmp_path: Path
) -> None:
    path = campaign(tmp_path, "phrasebook")
    here = use_home("here")
    with open_store() as store:
        generate(store, load_campaign(path), read_settings(), ignore_progress)
        expected = candidate_ids(store)
    there = use_home("there")
    process = generate_on_ray(path, RAY_ADDRESS=cluster)
    assert process.returncode == 0, process.stderr
    with open_store() as store:
        assert candidate_ids(store) == expected != []
    assert replies(there) == replies(here)


def test_an_error_on_a_worker_is_one_sentence_and_earlier_replies_are_kept(
    cluster: str, use_home: Home, tmp_path: Path
) -> None:
    folder = use_home("rejected")
    with serving(Server(reject_the_last_step)) as server:
        path = campaign(tmp_path, f"openai:m@{server.url}")
        process = generate_on_ray(path, RAY_ADDRESS=cluster, TIMBRE_TEACHER_KEY=KEY)
    assert process.returncode == 1
    assert "responded with status 403: the API key has no access to this model" in process.stderr
    assert "Traceback" not in process.stderr
    assert KEY not in process.stdout + process.stderr
    assert len(replies(folder)) >= 3  # a question for each of the first three rows


def test_what_a_worker_changed_in_its_requests_is_reported(
    cluster: str, use_home: Home, tmp_path: Path
) -> None:
    use_home("changed")
    with serving(Server(reject_a_seed)) as server:
        path = campaign(tmp_path, f"openai:m@{server.url}")
        process = generate_on_ray(path, RAY_ADDRESS=cluster, TIMBRE_TEACHER_KEY=KEY)
    assert process.returncode == 0, process.stderr
    assert "changed for the teacher: seed isn't sent." in process.stdout


def test_a_machine_without_ray_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(TeacherError, match="Ray isn't installed"):
        RayLLM(teacher=PhrasebookLLM(), address="auto").load()


def test_a_missing_cluster_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def init(**_: Any) -> None:
        raise ConnectionError("no running instance")

    ray = ModuleType("ray")
    vars(ray).update(init=init)
    monkeypatch.setitem(sys.modules, "ray", ray)
    with pytest.raises(TeacherError, match="Start one with `ray start --head`"):
        RayLLM(teacher=PhrasebookLLM(), address="auto").load()


def test_an_address_without_a_cluster_is_reported_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
    with pytest.raises(TeacherError, match=f"no Ray cluster at “{address}”"):
        RayLLM(teacher=PhrasebookLLM(), address=address).load()
