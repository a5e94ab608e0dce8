"""Answers of local models: batches, arms, adapters, decoding rules and their errors."""

import itertools
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from db.records import Message, Output, Role, Split
from tests.trainer.conftest import chat_example, text_example
from trainer.answer import Answerer, NoRepeatedGeneratedNGrams, answer
from trainer.arms import Arm, Decoding
from trainer.config import TrainingConfig
from trainer.errors import TrainerError
from trainer.sft import train

PROMPTS = [chat_example(number, Split.TEST) for number in range(9)]
ANSWER = "yes, it is green!"
SHORT = Decoding(max_new_tokens=12, batch_size=4, precision="float32")


def texts(outputs: Iterator[Output]) -> dict[str, str]:
    return {output.prompt: output.text for output in outputs}


@pytest.fixture(scope="module")
def base(tiny_model: Path) -> Arm:
    return Arm("base", str(tiny_model))


@pytest.fixture(scope="module")
def adapter(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    config = TrainingConfig(
        str(tiny_model), steps=30, batch_size=4, learning_rate=0.01, precision="float32"
    )
    examples = [chat_example(number, answer=ANSWER) for number in range(12)]
    return train(examples, config, tmp_path_factory.mktemp("run")).adapter


def test_each_prompt_is_answered_once_and_progress_is_reported(base: Arm) -> None:
    progress: list[tuple[int, int]] = []
    outputs = list(answer(PROMPTS, base, SHORT, lambda *counts: progress.append(counts)))
    assert {output.prompt for output in outputs} == {example.id for example in PROMPTS}
    assert progress == [(4, 9), (8, 9), (9, 9)]
    assert all(0 < output.output_tokens <= 12 for output in outputs)
    assert all(output.arm == "base" and output.run is None for output in outputs)


def test_batched_answers_equal_single_ones(base: Arm) -> None:
    one_by_one = replace(SHORT, batch_size=1)
    assert texts(answer(PROMPTS, base, SHORT)) == texts(answer(PROMPTS, base, one_by_one))


def test_sampled_answers_repeat_with_the_seed_and_differ_without_it(base: Arm) -> None:
    sampled = Decoding(max_new_tokens=12, temperature=1.0, seed=5)
    other = Decoding(max_new_tokens=12, temperature=1.0, seed=6)
    first = texts(answer(PROMPTS, base, sampled))
    assert texts(answer(PROMPTS, base, sampled)) == first
    assert texts(answer(PROMPTS, base, other)) != first


def test_answering_twice_gives_the_same_records(base: Arm) -> None:
    first, again = (list(answer(PROMPTS[:3], base, SHORT)) for _ in range(2))
    assert [output.id for output in first] == [output.id for output in again]


def test_system_prompt_and_shots_come_before_the_prompt(tiny_model: Path) -> None:
    shots = (Message(Role.USER, "is it?"), Message(Role.ASSISTANT, "yes, it is!"))
    arm = Arm("few-shot", str(tiny_model), system="be so green", shots=shots)
    output = next(answer(PROMPTS[:1], arm, SHORT))
    assert output.messages == (
        Message(Role.SYSTEM, "be so green"), *shots, PROMPTS[0].messages[0]
    )  # fmt: skip
    generation = json.loads(output.generation)
    assert generation["system"] == "be so green"
    assert generation["shots"][1]["content"] == "yes, it is!"
    answerer = Answerer(arm, SHORT)
    rendered = str(answerer.chat.tokenizer.decode(answerer.encode_prompts(PROMPTS[:1])[0].ids))
    assert rendered.startswith("<s><|system|> be so green</s><|user|> is it?</s><|assistant|> yes")
    assert rendered.endswith("</s><|assistant|>")


def test_an_adapter_changes_the_answers_to_what_it_was_trained_on(base: Arm, adapter: Path) -> None:
    tuned = Arm("tuned", base.base, adapter=adapter, run="r1")
    answers = texts(answer(PROMPTS, tuned, SHORT))
    assert answers != texts(answer(PROMPTS, base, SHORT))
    assert sum(text == ANSWER for text in answers.values()) >= 7  # the random base never says it
    outputs = list(answer(PROMPTS[:1], tuned, SHORT))
    assert (outputs[0].run, json.loads(outputs[0].generation)["run"]) == ("r1", "r1")


def test_an_adapter_with_another_template_is_rejected(
    tiny_model: Path, adapter: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "adapter"
    copy.mkdir()
    for path in adapter.iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    metadata = json.loads((copy / "timbre.json").read_text())
    metadata["template_fingerprint"] = "0" * 64
    (copy / "timbre.json").write_text(json.dumps(metadata))
    with pytest.raises(TrainerError, match=r"trained with the chat template 000000000000, but"):
        next(answer(PROMPTS, Arm("tuned", str(tiny_model), adapter=copy), SHORT))


def test_an_adapter_on_another_base_is_rejected(
    tiny_model: Path, adapter: Path, tmp_path: Path
) -> None:
    for path in tiny_model.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**config, "rms_norm_eps": 1e-5}))
    with pytest.raises(TrainerError, match=r"was trained on the base model .*, not on"):
        next(answer(PROMPTS, Arm("tuned", str(tmp_path), adapter=adapter), SHORT))


def test_a_folder_with_pickled_adapter_weights_is_rejected(
    tiny_model: Path, tmp_path: Path
) -> None:
    (tmp_path / "adapter_model.bin").write_bytes(b"x")
    with pytest.raises(TrainerError, match=r"only adapter_model.bin, a pickle file"):
        next(answer(PROMPTS, Arm("tuned", str(tiny_model), adapter=tmp_path), SHORT))


def test_a_conversation_that_is_too_long_is_rejected(base: Arm) -> None:
    answerer = Answerer(base, SHORT)
    example = PROMPTS[0]
    assert answerer.reply(example.messages[:1]) == texts(answer([example], base, SHORT))[example.id]
    with pytest.raises(TrainerError, match=r"has \d+ tokens, but the model can read at most"):
        answerer.reply([Message(Role.USER, "so green " * 200)])


def test_prompts_that_are_too_long_are_counted(base: Arm) -> None:
    with pytest.raises(TrainerError, match=r"9 of 9 prompts of “base” are longer than 6 tokens"):
        next(answer(PROMPTS, base, Decoding(max_new_tokens=250)))


def test_more_new_tokens_than_the_context_are_rejected(base: Arm) -> None:
    with pytest.raises(TrainerError, match="Answers of 256 tokens leave no space"):
        Answerer(base, Decoding(max_new_tokens=256))


def test_a_statement_is_rejected_as_a_prompt(base: Arm) -> None:
    with pytest.raises(TrainerError, match=r"\(statement\) isn't a chat"):
        next(answer([text_example(1)], base, SHORT))


@given(
    prompt=st.lists(st.integers(0, 3), min_size=1, max_size=8),
    generated=st.lists(st.integers(0, 3), max_size=8),
    size=st.integers(1, 4),
)
def test_only_repeats_of_generated_tokens_are_forbidden(
    prompt: list[int], generated: list[int], size: int
) -> None:
    rule = NoRepeatedGeneratedNGrams(size, len(prompt))
    ids = torch.tensor([prompt + generated])
    scores = rule(ids, torch.zeros(1, 4))  # type: ignore[arg-type]
    seen = {tuple(generated[i : i + size]) for i in range(len(generated) - size + 1)}
    start = generated[len(generated) - size + 1 :] if size > 1 else []
    for token in range(4):
        forbidden = len(start) == size - 1 and (*start, token) in seen
        assert (scores[0, token] == -float("inf")) == forbidden


def test_no_repeat_prevents_loops(base: Arm) -> None:
    ruled = Decoding(max_new_tokens=40, no_repeat=2)
    for output in answer(PROMPTS, base, ruled):
        assert json.loads(output.generation)["no_repeat"] == 2
    answerer = Answerer(base, ruled)
    for ids in answerer.generate([prompt.ids for prompt in answerer.encode_prompts(PROMPTS)]):
        pairs = list(itertools.pairwise(ids))
        assert len(pairs) == len(set(pairs))
