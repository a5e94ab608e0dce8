"""`timbre generate --engine ray` on a cluster of two nodes on this machine."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from db.records import Article, Candidate, Passage
from db.store import Store
from pipelines.errors import TeacherError
from pipelines.teachers.phrasebook.llm import PhrasebookLLM
from pipelines.teachers.ray import RayLLM
from tests.conftest import require
from tests.pipelines.conftest import TEXTS
from tests.pipelines.servers import KEY, Handler, Server, answers
from timbre.campaign import load_campaign
from timbre.generation import generate
from timbre.settings import read_settings
from timbre.stores import open_store

CAMPAIGN = """
name = "bridges"
tone = "conversational"

[generate]
teacher = "{teacher}"
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """The address of a cluster that lives as long as these tests."""
    require(find_spec("ray"), "needs Ray (pip install -e '.[ray]')")
    program = Path(__file__).with_name("cluster.py")
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, program], stderr=subprocess.DEVNULL, **pipes) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        address = running.stdout.readline().strip()
        assert address, "the cluster did not start"
        yield address
        running.stdin.close()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Makes a home of a name with twelve passages, and has Timbre use it."""
    for name in [name for name in os.environ if name.startswith("TIMBRE_")]:
        monkeypatch.delenv(name)

    def use(name: str) -> Path:
        monkeypatch.setenv("TIMBRE_HOME", str(tmp_path / name))
        with open_store() as store:
            for n in range(12):
                article = Article(url=f"u{n}", revision="1", digest=str(n), source="s")
                text = f"{TEXTS[n % 3]} It is no. {n}."
                store.add([article, Passage(article=article.id, section="", position=0, text=text)])
        return tmp_path / name

    return use


def campaign(folder: Path, teacher: str) -> Path:
    path = folder / "bridges.toml"
    path.write_text(CAMPAIGN.format(teacher=teacher), encoding="utf-8")
    return path


def on_cluster(path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs the command as a process of its own, for Ray warns of more than tests may."""
    return subprocess.run(
        [sys.executable, "-m", "timbre", "generate", path, "--engine", "ray"],
        env={**os.environ, **environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def made(store: Store) -> list[str]:
    return sorted(candidate.id for candidate in store.stream(Candidate))


def replies(home: Path) -> list[str]:
    return sorted((home / "journals" / "bridges.jsonl").read_text(encoding="utf-8").splitlines())


def test_two_nodes_make_what_one_process_makes(
    cluster: str, home: Callable[[str], Path], tmp_path: Path
) -> None:
    path = campaign(tmp_path, "phrasebook")
    here = home("here")
    with open_store() as store:
        generate(store, load_campaign(path), read_settings(), lambda *_: None)
        expected = made(store)
    there = home("there")
    done = on_cluster(path, RAY_ADDRESS=cluster)
    assert done.returncode == 0, done.stderr
    with open_store() as store:
        assert made(store) == expected != []
    assert replies(there) == replies(here)


def test_what_a_copy_on_a_worker_is_refused_is_one_sentence_and_what_came_stays(
    cluster: str, home: Callable[[str], Path], tmp_path: Path
) -> None:
    def until_the_last(handler: Handler, body: dict[str, Any]) -> None:
        if '{"answer"' in body["messages"][-1]["content"]:
            handler.respond(403, f"not with {KEY}")
        else:
            answers(handler, body)

    server = Server(until_the_last)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    folder = home("refused")
    path = campaign(tmp_path, f"openai:m@{server.url}")
    done = on_cluster(path, RAY_ADDRESS=cluster, TIMBRE_TEACHER_KEY=KEY)
    server.shutdown()
    thread.join()
    server.server_close()
    assert done.returncode == 1
    assert "answered 403: the key has no access to this model" in done.stderr
    assert "Traceback" not in done.stderr
    assert KEY not in done.stdout + done.stderr
    assert len(replies(folder)) == 24


def test_a_machine_without_ray_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(TeacherError, match="Ray isn't installed"):
        RayLLM(teacher=PhrasebookLLM(), address="auto").load()


def test_a_run_without_a_cluster_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def init(**_: Any) -> None:
        raise ConnectionError("no running instance")

    ray = ModuleType("ray")
    vars(ray).update(init=init)
    monkeypatch.setitem(sys.modules, "ray", ray)
    with pytest.raises(TeacherError, match="Start one with `ray start --head`"):
        RayLLM(teacher=PhrasebookLLM(), address="auto").load()


def test_an_address_without_a_cluster_is_one_sentence_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
    with pytest.raises(TeacherError, match=f"no Ray cluster at “{address}”"):
        RayLLM(teacher=PhrasebookLLM(), address=address).load()
