"""llama.cpp itself reads the GGUF files: the same tokens, and the same answers as the model."""

import importlib
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from db.records import Message, Role
from tests.conftest import require
from trainer.answer import Answerer, Arm, Decoding
from trainer.gguf_file import GgufType, write_gguf
from trainer.models import MINI, resolve

PASSAGE = (
    "The lighthouse at the head of the bay was built of granite in 1852, after two ships had been "
    "lost on the reef. Its lamp burned whale oil, then paraffin. The tower is thirty metres high."
)
TALKS = [
    (Message(Role.USER, f"{PASSAGE}\n\nWhen was the lighthouse built?"),),
    (Message(Role.USER, f"{PASSAGE}\n\nHow high is it, and what's “whale oil”, in café words?"),),
    (
        Message(Role.SYSTEM, "Answer in a friendly, conversational way."),
        Message(Role.USER, f"{PASSAGE}\n\nWhat did its lamp burn?"),
    ),
    (
        Message(Role.USER, f"{PASSAGE}\n\nWhat is it built of?"),
        Message(Role.ASSISTANT, "It is built of granite."),
        Message(Role.USER, "And why was it built?"),
    ),
]
NEW = 24


@pytest.fixture(scope="module")
def mini() -> Answerer:
    return Answerer(Arm("mini", MINI), Decoding(max_new_tokens=NEW, precision="float32"))


@pytest.fixture(scope="module", params=list(GgufType))
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The mini in a GGUF file, opened by llama.cpp."""
    require(find_spec("llama_cpp"), "needs llama.cpp (pip install llama-cpp-python compiles it)")
    path: Path = tmp_path_factory.mktemp("gguf") / "model.gguf"
    write_gguf(resolve(MINI), path, request.param)
    llama_cpp = importlib.import_module("llama_cpp")
    return llama_cpp.Llama(str(path), n_ctx=512, n_threads=2, verbose=False, seed=0)


def turns(talk: tuple[Message, ...]) -> list[dict[str, str]]:
    return [{"role": m.role.value, "content": m.content} for m in talk]


@pytest.mark.parametrize("talk", TALKS)
def test_a_chat_is_the_same_tokens(mini: Answerer, served: Any, talk: tuple[Message, ...]) -> None:
    formatter = importlib.import_module("llama_cpp.llama_chat_format").Jinja2ChatFormatter(
        template=served.metadata["tokenizer.chat_template"],
        eos_token=mini.chat.tokenizer.eos_token,
        bos_token=mini.chat.tokenizer.bos_token,
    )
    prompt = formatter(messages=turns(talk)).prompt
    assert served.tokenize(prompt.encode(), add_bos=False, special=True) == mini.chat.asked(talk)


def test_greedy_answers_are_the_model_s(mini: Answerer, served: Any) -> None:
    same = 0
    for talk in TALKS:
        said = served.create_chat_completion(turns(talk), max_tokens=NEW, temperature=0.0)
        same += said["choices"][0]["message"]["content"].strip() == mini.reply(talk)
    # weights of eight bits may tip a near-tie, as may sixteen
    assert same >= len(TALKS) - 1
