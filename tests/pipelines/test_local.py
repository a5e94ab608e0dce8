"""`local:MODEL.gguf`: llama.cpp in a process of its own, with the packaged mini model."""

import json
import socket
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from pipelines.errors import TeacherError
from pipelines.plan import GenerationPlan
from pipelines.teachers import local
from pipelines.teachers.completion import Prompt
from pipelines.teachers.local import LocalLLM
from pipelines.teachers.registry import build_teacher
from pipelines.voices.tone import TonePhrases
from tests.conftest import require
from trainer.export.export_plan import GgufType
from trainer.export.gguf_file import write_gguf
from trainer.models.mini import mini_folder

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"tone": {"enum": [1, 2, 3]}},
    "required": ["tone"],
    "additionalProperties": False,
}


def teacher(model: str) -> LocalLLM:
    built = build_teacher(GenerationPlan("c", teacher=f"local:{model}"), TonePhrases())
    assert isinstance(built, LocalLLM)
    return built


def is_open(url: str) -> bool:
    parts = urlsplit(url)
    with socket.socket() as connection:
        return connection.connect_ex((str(parts.hostname), parts.port or 0)) == 0


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    require(find_spec("xllamacpp"), "llama.cpp isn't installed: pip install xllamacpp")
    path = tmp_path_factory.mktemp("gguf") / "mini.gguf"
    write_gguf(mini_folder(), path, GgufType.F16)
    return str(path)


def test_local_model_replies_in_a_schema_and_ends_when_unloaded(model: str) -> None:
    llm = teacher(model)
    llm.load()
    url, key = llm.url, llm.api_key.get_secret_value()
    try:
        assert urlsplit(url).hostname == "127.0.0.1"
        chat = [{"role": "user", "content": "Rate this text: it's fine."}]
        rated, free = llm.ask([Prompt(chat, SCHEMA), Prompt(chat)])
        assert json.loads(rated.text or "")["tone"] in {1, 2, 3}
        assert (free.input_tokens or 0) > 0
        llm.api_key = type(llm.api_key)("another")
        with pytest.raises(TeacherError, match="key is wrong"):
            llm.ask([Prompt(chat)])
    finally:
        llm.unload()
    assert key
    assert not is_open(url)
    llm.unload()  # again does nothing


def test_file_that_is_no_model_is_an_error(model: str, tmp_path: Path) -> None:
    path = tmp_path / "broken.gguf"
    path.write_bytes(Path(model).read_bytes()[:2000])
    with pytest.raises(TeacherError, match=r"couldn't load .*broken\.gguf.*GGUF file"):
        teacher(str(path)).load()


@pytest.mark.parametrize("name", ["/nowhere/model.gguf", "model.gguf", "owner/model.gguf"])
def test_missing_file_is_an_error(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "find_spec", lambda _: object())
    with pytest.raises(TeacherError, match="doesn't exist"):
        teacher(name).load()


def test_file_on_the_hub_is_downloaded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    calls: list[tuple[str, str]] = []

    def download(repository: str, name: str) -> str:
        calls.append((repository, name))
        return str(tmp_path / "model.gguf")

    monkeypatch.setattr(local, "hf_hub_download", download)
    assert local.find_model("owner/name/folder/model.gguf") == tmp_path / "model.gguf"
    assert calls == [("owner/name", "folder/model.gguf")]


def test_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "find_spec", lambda _: None)
    with pytest.raises(TeacherError, match="pip install xllamacpp"):
        teacher("model.gguf").load()


def test_local_model_takes_no_url() -> None:
    with pytest.raises(TeacherError, match="takes no URL"):
        teacher("model.gguf@http://localhost:1/v1")


def test_ollama_is_openai_at_its_own_port() -> None:
    plan = GenerationPlan("c", teacher="ollama:qwen2.5:1.5b")
    built = build_teacher(plan, TonePhrases())
    assert built.model_name == "openai:qwen2.5:1.5b@http://127.0.0.1:11434/v1"
