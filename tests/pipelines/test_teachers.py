"""Teachers by name: models that another stage loads, and distilabel's own classes."""

import sys
from collections.abc import Callable, Sequence
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from db.records import Candidate, Passage, Rejection
from pipelines.conversations import generate_conversations
from pipelines.errors import TeacherError
from pipelines.journal import Reply
from pipelines.plan import GenerationPlan, Resources
from pipelines.prompting import ChatMessages
from pipelines.teachers.distilabel_llm import build_distilabel_llm
from pipelines.teachers.endpoints.endpoint import Endpoint
from pipelines.teachers.registry import TeacherName, build_teacher, parse_name
from pipelines.voices.tone import Tone
from tests.pipelines.servers import KEY, Behaviour, Server, answers

CHAT = [{"role": "user", "content": '<passage>\nA b c.\n</passage>\n{"plain_answer": "…"}'}]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("phrasebook", TeacherName("phrasebook")),
        ("openai:gpt", TeacherName("openai", "gpt")),
        ("openai:a/b:7b@http://x:1/v1", TeacherName("openai", "a/b:7b", "http://x:1/v1")),
        ("anthropic:claude", TeacherName("anthropic", "claude")),
        ("transformers:models/mine", TeacherName("transformers", "models/mine")),
        ("vllm:owner/model", TeacherName("vllm", "owner/model")),
    ],
)
def test_a_name_has_a_kind_a_model_and_a_url(name: str, expected: TeacherName) -> None:
    assert parse_name(name) == expected


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("openai:gpt", "https://api.openai.com/v1"),
        ("openai:gpt@http://x:1/v1", "http://x:1/v1"),
        ("anthropic:claude", "https://api.anthropic.com/v1"),
    ],
)
def test_a_name_without_a_url_means_the_default(name: str, url: str, tone: Tone) -> None:
    teacher = build_teacher(GenerationPlan("c", name), tone.phrasebook)
    assert isinstance(teacher, Endpoint)
    assert teacher.url == url


@pytest.mark.parametrize("name", ["oracle", "oracle:x", "openai:", "openai:a b", ""])
def test_an_unknown_name_is_rejected(name: str) -> None:
    with pytest.raises(TeacherError, match="There is no teacher called “"):
        parse_name(name)


@pytest.mark.parametrize("path", ["os.path", "distilabel.models.llms.LLM", "mine.OpenAILLM"])
def test_an_unlisted_class_is_rejected(path: str) -> None:
    with pytest.raises(TeacherError, match=f"The class {path} isn't supported."):
        build_distilabel_llm(path, GenerationPlan("c", f"{path}:m"), "m", "")


def test_a_model_of_another_stage_replies_through_a_function(
    passages: list[Passage], tone: Tone
) -> None:
    def write(chats: Sequence[ChatMessages]) -> list[Reply | None]:
        return [None if "silverback" in c[-1]["content"] else Reply(reply(c), 7, 3) for c in chats]

    def reply(chat: ChatMessages) -> str:
        if '{"questions"' in chat[-1]["content"]:
            return '{"questions": ["Who built it?"]}'
        if '{"plain_answer"' in chat[-1]["content"]:
            return '{"plain_answer": "It was built in 1867 by the engineer Agnes Tulloch."}'
        return '{"answer": "Well, the engineer Agnes Tulloch built it, back in 1867."}'

    plan = GenerationPlan("c", "transformers:mine", resources=Resources(writer=lambda: write))
    first, _, third = generate_conversations(passages, tone, plan)
    assert isinstance(first, Candidate)
    assert (first.input_tokens, first.output_tokens) == (21, 9)
    assert isinstance(third, Rejection)
    assert third.reason == "prompt too long for the model"


def test_a_model_without_a_loader_is_an_error(passages: list[Passage], tone: Tone) -> None:
    with pytest.raises(TeacherError, match=r"transformers:mine.* needs a local model"):
        list(generate_conversations(passages, tone, GenerationPlan("c", "transformers:mine")))


class FakeTokenizer:
    """Joins turns as text."""

    def apply_chat_template(self, turns: list[dict[str, str]], **_: Any) -> str:
        return "\n".join(turn["content"] for turn in turns)

    def encode(self, text: str) -> list[str]:
        return text.split()


class FakeEngine:
    """Stands in for `vllm.LLM` and records its settings and prompts."""

    settings: dict[str, Any]
    calls: list[Any]

    def __init__(self, model: str, **settings: Any) -> None:
        FakeEngine.settings = {"model": model, **settings}
        FakeEngine.calls = []
        self.llm_engine = SimpleNamespace(model_executor=None)

    def get_tokenizer(self) -> FakeTokenizer:
        return FakeTokenizer()

    def generate(self, prompts: list[str], sampling_params: Any, use_tqdm: bool) -> list[Any]:
        assert not use_tqdm
        FakeEngine.calls.append((prompts, sampling_params))
        text = SimpleNamespace(text='{"plain_answer": "So."}', token_ids=[1, 2], logprobs=None)
        return [SimpleNamespace(outputs=[text], prompt_logprobs=None) for _ in prompts]


@pytest.fixture
def fake_vllm(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fake vLLM package; the real one needs a GPU."""
    vllm, distributed = ModuleType("vllm"), ModuleType("vllm.distributed")
    state = ModuleType("vllm.distributed.parallel_state")
    vars(vllm).update(LLM=FakeEngine, SamplingParams=lambda **settings: settings)
    for name in ("destroy_distributed_environment", "destroy_model_parallel"):
        setattr(state, name, lambda: None)
    for module in (vllm, distributed, state):
        monkeypatch.setitem(sys.modules, module.__name__, module)


@pytest.mark.usefixtures("fake_vllm")
def test_vllm_runs_in_this_process() -> None:
    plan = GenerationPlan("c", "vllm:m", seed=5, temperature=0.2, max_tokens=99)
    teacher = build_distilabel_llm("distilabel.models.llms.vLLM", plan, "m", "")
    teacher.load()
    (output,) = teacher.generate([CHAT])
    teacher.unload()
    assert output["generations"] == ['{"plain_answer": "So."}']
    assert FakeEngine.settings["model"] == "m"
    assert FakeEngine.settings["seed"] == 5
    ((prompts, sampling),) = FakeEngine.calls
    assert prompts == [CHAT[0]["content"]]
    assert (sampling["temperature"], sampling["max_tokens"]) == (0.2, 99)


def test_a_missing_package_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vllm", None)
    plan = GenerationPlan("c", "vllm:m")
    teacher = build_distilabel_llm("distilabel.models.llms.vLLM", plan, "m", "")
    with pytest.raises(TeacherError, match=r"requires the package .* Install it"):
        teacher.load()


def test_a_distilabel_class_asks_a_server(serve: Callable[[Behaviour], Server]) -> None:
    server = serve(answers)
    name = "distilabel.models.llms.OpenAILLM"
    plan = GenerationPlan("c", f"{name}:m@{server.url}", api_key=KEY, max_tokens=99)
    teacher = build_distilabel_llm(name, plan, "m", server.url)
    teacher.load()
    (output,) = teacher.generate([CHAT])
    teacher.unload()
    assert output["generations"] == ['{"plain_answer": "A b c."}']
    assert server.requests[0]["model"] == "m"
    assert KEY not in repr(teacher)


def test_an_error_of_a_distilabel_class_is_reported_without_the_key(
    serve: Callable[[Behaviour], Server],
) -> None:
    server = serve(lambda handler, _: handler.respond(401, f"bad key {KEY}"))
    name = "distilabel.models.llms.OpenAILLM"
    plan = GenerationPlan("c", f"{name}:m", api_key=KEY)
    teacher = build_distilabel_llm(name, plan, "m", server.url)
    teacher.load()
    with pytest.raises(TeacherError, match=r"stopped with .* Run the command again") as caught:
        teacher.generate([CHAT])
    assert KEY not in str(caught.value)
    assert caught.value.__cause__ is None
