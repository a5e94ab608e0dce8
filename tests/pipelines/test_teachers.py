"""Teachers by name: models that another stage hands over, and classes that distilabel brings."""

import sys
from collections.abc import Callable, Sequence
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from db.records import Candidate, Passage, Rejection
from pipelines.conversations import conversations
from pipelines.errors import TeacherError
from pipelines.journal import Reply
from pipelines.plan import GenerationPlan, Lent
from pipelines.prompting import Chat
from pipelines.teachers.distilabel_llm import borrowed
from pipelines.teachers.registry import parts
from pipelines.tone_file import Tone
from tests.pipelines.servers import KEY, Behaviour, Server, answers

CHAT = [{"role": "user", "content": '<passage>\nA b c.\n</passage>\n{"plain_answer": "…"}'}]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("phrasebook", ("phrasebook", "", "")),
        ("openai:gpt", ("openai", "gpt", "https://api.openai.com/v1")),
        ("openai:a/b:7b@http://x:1/v1", ("openai", "a/b:7b", "http://x:1/v1")),
        ("anthropic:claude", ("anthropic", "claude", "https://api.anthropic.com/v1")),
        ("transformers:models/mine", ("transformers", "models/mine", "")),
        ("vllm:owner/model", ("vllm", "owner/model", "")),
    ],
)
def test_one_string_names_a_teacher(name: str, expected: tuple[str, str, str]) -> None:
    assert parts(name) == expected


@pytest.mark.parametrize("name", ["oracle", "oracle:x", "openai:", "openai:a b", ""])
def test_a_string_that_names_none_is_refused(name: str) -> None:
    with pytest.raises(TeacherError, match="expected “phrasebook”"):
        parts(name)


@pytest.mark.parametrize("path", ["os.path", "distilabel.models.llms.LLM", "mine.OpenAILLM"])
def test_a_class_that_is_not_on_the_list_is_refused(path: str) -> None:
    with pytest.raises(TeacherError, match=f"found the class {path}, expected one of"):
        borrowed(path, "m", "", GenerationPlan("c", f"{path}:m"))


def test_a_model_of_another_stage_writes_through_a_function(
    passages: list[Passage], tone: Tone
) -> None:
    def write(chats: Sequence[Chat]) -> list[Reply | None]:
        return [None if "silverback" in c[-1]["content"] else Reply(said(c), 7, 3) for c in chats]

    def said(chat: Chat) -> str:
        if '{"questions"' in chat[-1]["content"]:
            return '{"questions": ["Who is it about?"]}'
        key = "plain_answer" if '{"plain_answer"' in chat[-1]["content"] else "answer"
        return f'{{"{key}": "The passage is about a {key} and about nothing else."}}'

    plan = GenerationPlan("c", "transformers:mine", lent=Lent(writer=lambda: write))
    first, _, third = conversations(passages, tone, plan)
    assert isinstance(first, Candidate)
    assert (first.input_tokens, first.output_tokens) == (21, 9)
    assert isinstance(third, Rejection)
    assert third.reason == "prompt too long for the model"


def test_a_model_that_nobody_loaded_is_one_sentence(passages: list[Passage], tone: Tone) -> None:
    with pytest.raises(TeacherError, match="nobody who writes"):
        list(conversations(passages, tone, GenerationPlan("c", "transformers:mine")))


class FakeTokenizer:
    """Joins turns as text."""

    def apply_chat_template(self, turns: list[dict[str, str]], **_: Any) -> str:
        return "\n".join(turn["content"] for turn in turns)

    def encode(self, text: str) -> list[str]:
        return text.split()


class FakeEngine:
    """Stands in for `vllm.LLM`: records what it was made and asked with."""

    made: dict[str, Any]
    asked: list[Any]

    def __init__(self, model: str, **settings: Any) -> None:
        FakeEngine.made = {"model": model, **settings}
        FakeEngine.asked = []
        self.llm_engine = SimpleNamespace(model_executor=None)

    def get_tokenizer(self) -> FakeTokenizer:
        return FakeTokenizer()

    def generate(self, prompts: list[str], sampling_params: Any, use_tqdm: bool) -> list[Any]:
        assert not use_tqdm
        FakeEngine.asked.append((prompts, sampling_params))
        text = SimpleNamespace(text='{"plain_answer": "So."}', token_ids=[1, 2], logprobs=None)
        return [SimpleNamespace(outputs=[text], prompt_logprobs=None) for _ in prompts]


@pytest.fixture
def fake_vllm(monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that looks like vLLM, which needs a GPU."""
    vllm, distributed = ModuleType("vllm"), ModuleType("vllm.distributed")
    state = ModuleType("vllm.distributed.parallel_state")
    vars(vllm).update(LLM=FakeEngine, SamplingParams=lambda **settings: settings)
    for name in ("destroy_distributed_environment", "destroy_model_parallel"):
        setattr(state, name, lambda: None)
    for module in (vllm, distributed, state):
        monkeypatch.setitem(sys.modules, module.__name__, module)


@pytest.mark.usefixtures("fake_vllm")
def test_vllm_is_asked_in_this_process_here_a_fake_of_it() -> None:
    plan = GenerationPlan("c", "vllm:m", seed=5, temperature=0.2, max_tokens=99)
    teacher = borrowed("distilabel.models.llms.vLLM", "m", "", plan)
    teacher.load()
    (made,) = teacher.generate([CHAT])
    teacher.unload()
    assert made["generations"] == ['{"plain_answer": "So."}']
    assert FakeEngine.made["model"] == "m"
    assert FakeEngine.made["seed"] == 5
    ((prompts, sampling),) = FakeEngine.asked
    assert prompts == [CHAT[0]["content"]]
    assert (sampling["temperature"], sampling["max_tokens"]) == (0.2, 99)


def test_a_package_that_is_missing_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vllm", None)
    teacher = borrowed("distilabel.models.llms.vLLM", "m", "", GenerationPlan("c", "vllm:m"))
    with pytest.raises(TeacherError, match="which is not installed"):
        teacher.load()


def test_a_class_of_distilabel_asks_a_server(serve: Callable[[Behaviour], Server]) -> None:
    server = serve(answers)
    name = "distilabel.models.llms.OpenAILLM"
    plan = GenerationPlan("c", f"{name}:m@{server.url}", api_key=KEY, max_tokens=99)
    teacher = borrowed(name, "m", server.url, plan)
    teacher.load()
    (made,) = teacher.generate([CHAT])
    teacher.unload()
    assert made["generations"] == ['{"plain_answer": "A b c."}']
    assert server.asked[0]["model"] == "m"
    assert KEY not in repr(teacher)


def test_what_a_class_of_distilabel_breaks_with_is_one_sentence_without_the_key(
    serve: Callable[[Behaviour], Server],
) -> None:
    server = serve(lambda handler, _: handler.say(401, f"bad key {KEY}"))
    name = "distilabel.models.llms.OpenAILLM"
    teacher = borrowed(name, "m", server.url, GenerationPlan("c", f"{name}:m", api_key=KEY))
    teacher.load()
    with pytest.raises(TeacherError, match="broke off") as caught:
        teacher.generate([CHAT])
    assert KEY not in str(caught.value)
    assert caught.value.__cause__ is None
