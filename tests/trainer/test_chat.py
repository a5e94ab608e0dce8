"""Chats as tokens: each family's template, marked or not, teaches what it asks for."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import trl
from transformers import PreTrainedTokenizerFast

from db.records import Example, Message, Role
from tests.trainer.conftest import TEMPLATE, chat_example, make_tokenizer
from trainer.chat import Chat, prompt_of, strip_thoughts
from trainer.errors import TrainerError
from trainer.self_test import SelfTest, loss_spans

TEMPLATES = Path(trl.__file__).parent / "chat_templates"
CONTROL = r"<[|｜][^|｜]+[|｜]>|<(?:start|end)_of_turn>"
TURNS = (
    Message(Role.USER, "is it long?"),
    Message(Role.ASSISTANT, "it is"),
    Message(Role.USER, "and green?"),
    Message(Role.ASSISTANT, "that too"),
)
FAMILIES = {
    "llama3": "<|eot_id|>",
    "llama3_1": "<|eot_id|>",
    "llama3_2": "<|eot_id|>",
    "qwen2_5": "<|im_end|>",
    "qwen3": "<|im_end|>",
    "gemma3": "<end_of_turn>",
    "phi3": "<|end|>",
}


def tokenizer_of(family: str) -> PreTrainedTokenizerFast:
    """The tiny tokenizer with a family's template and the control tokens it writes."""
    template = (TEMPLATES / f"{family}.jinja").read_text()
    end = FAMILIES[family]
    others = sorted(set(re.findall(CONTROL, template)) - {end})
    tokenizer = make_tokenizer()
    tokenizer.add_special_tokens({"extra_special_tokens": others, "eos_token": end})
    tokenizer.chat_template = template
    return tokenizer


def dialogue(*turns: Message) -> Example:
    return replace(chat_example(0), messages=turns)


@pytest.mark.parametrize("family", FAMILIES)
def test_each_family_s_template_passes_the_self_test(family: str) -> None:
    chat = Chat.of(tokenizer_of(family))
    example = dialogue(*TURNS)
    tokens = chat.encode_example(example)
    SelfTest(chat, {tuple(tokens.ids): example}, 999).check(
        torch.tensor([tokens.ids]), torch.tensor([tokens.labels])
    )
    ends = chat.tokenizer.convert_tokens_to_ids(FAMILIES[family])
    assert all(ends in span for span in loss_spans(tokens.labels)[:2])


def test_a_template_without_marks_teaches_what_one_with_them_does() -> None:
    unmarked = re.sub(r"\{% (end)?generation %\}", "", TEMPLATE)
    example = dialogue(Message(Role.SYSTEM, "be green"), *TURNS)
    by_marks = Chat(make_tokenizer(), TEMPLATE).encode_example(example)
    assert Chat(make_tokenizer(), unmarked).encode_example(example) == by_marks


def test_a_template_that_rewrites_earlier_turns_must_mark_them() -> None:
    forgetful = "{% for m in messages[-2:] %}{{ m['content'] }}</s>{% endfor %}"
    with pytest.raises(
        TrainerError, match=r"does not mark what the assistant says, nor leave earl"
    ):
        Chat(make_tokenizer(), forgetful).encode_example(dialogue(*TURNS))


def test_a_chat_that_the_template_refuses_is_one_sentence() -> None:
    picky = "{{ raise_exception('System role not supported') }}"
    with pytest.raises(TrainerError, match=r"refuses a chat of the turns user, assi.*System role"):
        Chat(make_tokenizer(), picky).encode_prompt(TURNS)


def test_a_chat_does_not_depend_on_the_day_it_is_rendered() -> None:
    assert "26 Jul 2024" in Chat.of(tokenizer_of("llama3_2")).text(TURNS, asked=False)


def test_what_is_asked_is_the_beginning_of_what_is_taught() -> None:
    chat = Chat(make_tokenizer(), TEMPLATE)
    example = dialogue(*TURNS)
    asked = chat.encode_prompt(prompt_of(example))
    assert chat.encode_example(example).ids[: len(asked)] == asked


@pytest.mark.parametrize(
    ("said", "clean_reply"),
    [
        ("<think>\n\n</think>\n\nIt is.", "It is."),
        ("<think>so\nlong</think>It is.", "It is."),
        ("It <think>is</think>.", "It <think>is</think>."),
    ],
)
def test_thoughts_before_an_answer_are_not_shown(said: str, clean_reply: str) -> None:
    assert strip_thoughts(said) == clean_reply
