"""A run and its base are served over OpenAI's API, on this machine only."""

import socket
import sys
from dataclasses import replace

import httpx
import pytest
from openai import OpenAI

from tests.timbre.conftest import ignore_progress
from tests.timbre.workflows.tiny_runs import CAMPAIGN, TinyRuns
from timbre.workflows.answer import Server, answer_task, answer_tasks
from timbre.workflows.export import ServeOptions, prepare_models, serve_models
from trainer.errors import TrainerError
from trainer.export.export_plan import GgufType
from trainer.services import llama_server
from trainer.services.llama_server import ServedModel, serve_model


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_base_and_tuned_model_answer_over_the_api(tiny_runs: TinyRuns) -> None:
    config = replace(tiny_runs.config(0), steps=60, batch_size=8, learning_rate=0.01)
    run, settings = tiny_runs.train_config(config), tiny_runs.settings
    options = ServeOptions(free_port(), GgufType.F16, context=256)
    models = prepare_models(tiny_runs.store, run, options, settings, ignore_progress)
    again = prepare_models(tiny_runs.store, run, options, settings, ignore_progress)
    assert again == models
    with serve_models(models) as served:
        urls = dict(served)
        assert urls["tuned"] == f"http://127.0.0.1:{options.port}/v1"
        for name, url in served:
            with OpenAI(base_url=url, api_key="none") as client:
                assert [model.id for model in client.models.list().data] == [name]
        server = Server(urls["tuned"], "base", "tuned", "none", urls["base"])
        tasks = answer_tasks(tiny_runs.store, CAMPAIGN, run, settings, server)
        assert sum(answer_task(tiny_runs.store, task, ignore_progress) for task in tasks) == 60
        reply = httpx.get(f"{urls['tuned']}/models", headers={"Origin": "https://example.org"})
        assert not reply.headers.get("Access-Control-Allow-Origin")
        with pytest.raises(TrainerError, match=f"Port {options.port} can't be used"):
            serve_models(models).__enter__()
    for model in models:
        llama_server._check_port(model.port)  # the ports are free again


def test_a_broken_file_is_an_error(tiny_runs: TinyRuns) -> None:
    path = tiny_runs.settings.home / "broken.gguf"
    path.write_bytes(b"GGUF but not really")
    model = ServedModel("tuned", path, free_port())
    with pytest.raises(TrainerError, match=r"can't serve .*broken\.gguf"), serve_model(model):
        pass


def test_without_llama_cpp_serving_is_an_error(
    tiny_runs: TinyRuns, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    model = ServedModel("tuned", tiny_runs.model, free_port())
    with pytest.raises(TrainerError, match="Run `pip install xllamacpp`"), serve_model(model):
        pass
