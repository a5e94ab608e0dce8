"""Templates that print the date, have no system turn, think, or never stop: handled first."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Self

import pytest
import torch
from transformers.utils import chat_template_utils

from db.records import Message, Role, Split
from tests.trainer.conftest import TEMPLATE, chat_example, make_tokenizer
from tests.trainer.test_chat import TURNS, dialogue, tokenizer_of
from trainer.answer import Answerer
from trainer.arms import Arm, Decoding
from trainer.chat import Chat, prompt_of, strip_thoughts
from trainer.chat_template import prepare_template
from trainer.config import TrainingConfig
from trainer.errors import TrainerError
from trainer.models.loading import load_tokenizer
from trainer.sft import train
from trainer.training.self_test import SelfTest

SYSTEM = Message(Role.SYSTEM, "be green")
REJECTING = (
    "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system role') }}{% endif %}"
    "{% for m in messages %}{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('roles must alternate') }}{% endif %}{% endfor %}" + TEMPLATE
)
IGNORING = TEMPLATE.replace("in messages %}", "in messages if m['role'] != 'system' %}")
THINKING = TEMPLATE.replace(
    "<|assistant|>{% endif %}", "{{ '<|assistant|><think>\\n' }}{% endif %}"
)
ENDLESS = (
    "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}"  # tokens merge
    "{% if add_generation_prompt %}assistant: {% endif %}"
)
DATED = (
    "{% if messages[0]['role'] != 'system' %}<|system|>Today is "
    '{{ strftime_now("%B %d, %Y") }}.</s>{% endif %}' + TEMPLATE
)
LATER = (
    "{% set style = '%d/%m' %}<|system|>{{ strftime_now(style) }} {{ date_string }}</s>" + TEMPLATE
)


def chat_with(template: str) -> Chat:
    tokenizer = make_tokenizer()
    tokenizer.chat_template = template
    return Chat.from_tokenizer(tokenizer)


def passes_self_test(chat: Chat, *turns: Message) -> bool:
    example = dialogue(*turns)
    tokens = chat.encode_example(example)
    prompt = chat.encode_prompt(prompt_of(example))
    SelfTest(chat, {tuple(tokens.ids): example}, 999).check(
        torch.tensor([tokens.ids]), torch.tensor([tokens.labels])
    )
    return tokens.ids[: len(prompt)] == prompt


@pytest.mark.parametrize("template", [REJECTING, IGNORING])
def test_a_template_without_a_system_turn_gets_the_prompt_before_the_question(
    template: str,
) -> None:
    chat = chat_with(template)
    assert chat.render([SYSTEM, TURNS[0]], is_prompt=True) == (
        "<s><|user|>be green\n\nis it long?</s><|assistant|>"
    )
    assert chat.render(TURNS[:1], is_prompt=True) == "<s><|user|>is it long?</s><|assistant|>"
    assert [note[:39] for note in chat.notes] == ["The chat template has no system turn, s"]
    assert passes_self_test(chat, SYSTEM, *TURNS)


def test_gemma_s_template_accepts_a_system_prompt() -> None:
    chat = Chat.from_tokenizer(tokenizer_of("gemma"))
    assert "user\nbe green\n\nis it long?<end_of_turn>" in chat.render([SYSTEM, *TURNS], False)
    assert passes_self_test(chat, SYSTEM, *TURNS)


@pytest.mark.parametrize("template", [TEMPLATE, DATED])
def test_a_template_with_a_system_turn_is_left_alone(template: str) -> None:
    chat = chat_with(template)
    assert chat.notes == ()
    assert chat.render([SYSTEM, *TURNS], is_prompt=False).startswith("<s><|system|>be green</s>")


@pytest.mark.parametrize(
    ("make", "date"),
    [
        (lambda: chat_with(DATED), "July 26, 2024"),
        (lambda: chat_with(LATER), "26 Jul 2024 26 Jul 2024"),
        (lambda: Chat.from_tokenizer(tokenizer_of("llama3_2")), "26 Jul 2024"),
    ],
)
def test_the_tokens_are_the_same_on_any_day(
    monkeypatch: pytest.MonkeyPatch, make: Callable[[], Chat], date: str
) -> None:
    class Today(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return cls(2031, 1, 2, tzinfo=tz)

    before = make().encode_prompt(TURNS[:1])
    monkeypatch.setattr(chat_template_utils, "datetime", Today)
    chat = make()
    assert chat.encode_prompt(TURNS[:1]) == before
    assert date in chat.render(TURNS[:1], is_prompt=True)


def test_an_exported_template_prints_the_same_date() -> None:
    """A server renders the template by itself, so the date is written into it."""
    assert "strftime_now(" not in chat_with(DATED).template
    assert "strftime_now(" not in Chat.from_tokenizer(tokenizer_of("llama3_2")).template


@pytest.mark.parametrize("family", ["", "deepseek_r1_distill"])
def test_a_prompt_does_not_end_inside_a_thought(family: str) -> None:
    chat = Chat.from_tokenizer(tokenizer_of(family)) if family else chat_with(THINKING)
    prompt = chat.render(TURNS[:1], is_prompt=True)
    assert prompt.endswith(("<|assistant|>", "<｜Assistant｜>"))
    assert any("makes the model think" in note for note in chat.notes)
    assert passes_self_test(chat, *TURNS)


def test_a_thought_that_cannot_be_removed_is_an_error() -> None:
    template = THINKING.replace("'<|assistant|><think>\\n'", "'<|assistant|><' + 'think>'")
    with pytest.raises(
        TrainerError, match=r"think before it answers \(<think>\), and Timbre can't"
    ):
        chat_with(template)


def test_hybrid_models_answer_without_thinking() -> None:
    chat = Chat.from_tokenizer(tokenizer_of("qwen3"))
    assert chat.render(TURNS[:1], is_prompt=True).endswith("<think>\n\n</think>\n\n")
    assert passes_self_test(chat, *TURNS)


@pytest.mark.parametrize("template", [REJECTING, DATED, LATER, THINKING])
def test_preparing_a_prepared_template_changes_nothing(template: str) -> None:
    tokenizer = make_tokenizer()
    tokenizer.chat_template = template
    once = prepare_template(tokenizer).text
    tokenizer.chat_template = once
    assert prepare_template(tokenizer).text == once


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("<think>it is long, so", ""),
        ("it is long, so\n</think>\n\nIt is.", "It is."),
        ("\n<thinking>hm</thinking> It is.", "It is."),
        ("[THINK]hm[/THINK]It is.", "It is."),
        ("Write <think> and </think> around it.", "Write <think> and </think> around it."),
    ],
)
def test_reasoning_never_reaches_a_person(text: str, answer: str) -> None:
    assert strip_thoughts(text) == answer


def test_thoughts_between_control_tokens_are_removed() -> None:
    tokenizer = make_tokenizer()
    tokenizer.add_special_tokens({"extra_special_tokens": ["[THINK]", "[/THINK]"]})
    chat = Chat(tokenizer, TEMPLATE)

    def ids(text: str) -> list[int]:
        return list(tokenizer(text, add_special_tokens=False)["input_ids"])

    assert chat.decode_answer(ids("[THINK]it is long[/THINK]it is</s>")) == "it is"
    assert chat.decode_answer(ids("[THINK]it is long")) == ""


def model_with(template: str, tiny_model: Path, folder: Path) -> Path:
    for path in tiny_model.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    (folder / "chat_template.jinja").write_text(template)
    return folder


def test_training_is_refused_if_no_stop_token_is_taught(tiny_model: Path, tmp_path: Path) -> None:
    model = model_with(ENDLESS, tiny_model, tmp_path)
    examples = [chat_example(number) for number in range(4)]
    with pytest.raises(
        TrainerError, match=r"doesn't end .* with a stop token \(</s>\), so the tra"
    ):
        train(examples, TrainingConfig(str(model), steps=1), tmp_path / "run")
    other = TEMPLATE.replace("{{ eos_token }}", "<|user|>")  # a control token, but not a stop token
    (model / "chat_template.jinja").write_text(other)
    with pytest.raises(TrainerError, match="with a stop token"):
        train(examples, TrainingConfig(str(model), steps=1), tmp_path / "run")


def test_a_run_reports_what_was_changed_in_the_template(tiny_model: Path, tmp_path: Path) -> None:
    model = model_with(REJECTING, tiny_model, tmp_path)
    examples = [
        replace(e, messages=(SYSTEM, *e.messages)) for e in (chat_example(n) for n in range(4))
    ]
    result = train(examples, TrainingConfig(str(model), steps=1), tmp_path / "run")
    assert [note[:39] for note in result.template_notes] == [
        "The chat template has no system turn, s"
    ]
    arm = Arm("tuned", str(model), adapter=result.adapter)
    answerer = Answerer(arm, Decoding(max_new_tokens=2))
    prompt = answerer.encode_prompts([replace(examples[0], split=Split.TEST)])[0]
    assert "be green" in load_tokenizer(model).decode(prompt.ids)
