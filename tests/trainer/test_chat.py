"""Chats as tokens: the templates of each model family, with and without generation markers."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import trl
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from db.records import Example, Message, Role
from tests.trainer.conftest import TEMPLATE, chat_example, make_tokenizer
from trainer.chat import Chat, prompt_of, strip_thoughts
from trainer.errors import TrainerError
from trainer.models.mini import mini_folder
from trainer.training.self_test import SelfTest, loss_spans

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
    "gemma": "<end_of_turn>",
    "deepseek_r1_distill": "<｜end▁of▁sentence｜>",
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
    chat = Chat.from_tokenizer(tokenizer_of(family))
    example = dialogue(*TURNS)
    tokens = chat.encode_example(example)
    SelfTest(chat, {tuple(tokens.ids): example}, 999).check(
        torch.tensor([tokens.ids]), torch.tensor([tokens.labels])
    )
    ends = chat.tokenizer.convert_tokens_to_ids(FAMILIES[family])
    assert all(ends in span for span in loss_spans(tokens.labels)[:2])


def test_a_template_without_markers_gives_the_same_tokens_as_one_with_them() -> None:
    unmarked = re.sub(r"\{% (end)?generation %\}", "", TEMPLATE)
    example = dialogue(Message(Role.SYSTEM, "be green"), *TURNS)
    with_markers = Chat(make_tokenizer(), TEMPLATE).encode_example(example)
    assert Chat(make_tokenizer(), unmarked).encode_example(example) == with_markers


def test_a_template_that_changes_earlier_turns_needs_markers() -> None:
    forgetful = "{% for m in messages[-2:] %}{{ m['content'] }}</s>{% endfor %}"
    with pytest.raises(TrainerError, match=r"doesn't mark assistant turns, and it changes earl"):
        Chat(make_tokenizer(), forgetful).encode_example(dialogue(*TURNS))


def test_a_chat_that_the_template_rejects_is_an_error() -> None:
    picky = "{{ raise_exception('System role not supported') }}"
    with pytest.raises(TrainerError, match=r"can't render .* turns user, assistant.*System role"):
        Chat(make_tokenizer(), picky).encode_prompt(TURNS)


def test_rendering_does_not_depend_on_the_date() -> None:
    chat = Chat.from_tokenizer(tokenizer_of("llama3_2"))
    assert "26 Jul 2024" in chat.render(TURNS, is_prompt=False)


def test_a_prompt_is_a_prefix_of_its_training_example() -> None:
    chat = Chat(make_tokenizer(), TEMPLATE)
    example = dialogue(*TURNS)
    prompt = chat.encode_prompt(prompt_of(example))
    assert chat.encode_example(example).ids[: len(prompt)] == prompt


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("<think>\n\n</think>\n\nIt is.", "It is."),
        ("<think>so\nlong</think>It is.", "It is."),
        ("It <think>is</think>.", "It <think>is</think>."),
    ],
)
def test_thoughts_before_an_answer_are_removed(text: str, answer: str) -> None:
    assert strip_thoughts(text) == answer


WEIGHTS = (
    *TURNS[:1],
    Message(Role.ASSISTANT, "it is", has_loss=False),
    *TURNS[2:],
)


@pytest.mark.parametrize("family", FAMILIES)
def test_an_answer_without_loss_carries_none_in_each_family(family: str) -> None:
    chat = Chat.from_tokenizer(tokenizer_of(family))
    example = dialogue(*WEIGHTS)
    tokens = chat.encode_example(example)
    assert tokens.ids == chat.encode_example(dialogue(*TURNS)).ids
    (span, *_) = loss_spans(tokens.labels)
    words = str(chat.tokenizer.decode(span, skip_special_tokens=True))
    assert " ".join(strip_thoughts(words).split()) == "that too"
    SelfTest(chat, {tuple(tokens.ids): example}, 999).check(
        torch.tensor([tokens.ids]), torch.tensor([tokens.labels])
    )


@pytest.mark.parametrize(
    "answer",
    [
        "تستغرق الرحلة 35 دقيقة، \u200fتقريبًا.",
        "渡轮大约需要35分钟，还挺快的。",
        "フェリーは「35分」かかる。",
    ],
)
def test_answers_in_any_script_carry_loss_unchanged(answer: str) -> None:
    chat = Chat.from_tokenizer(AutoTokenizer.from_pretrained(mini_folder()))
    turns = (Message(Role.USER, f"{answer} ?"), Message(Role.ASSISTANT, answer))
    (span,) = loss_spans(chat.encode_example(dialogue(*turns)).labels)
    assert chat.decode_answer(span) == answer


def test_the_self_test_detects_loss_on_an_answer_without_loss() -> None:
    chat = Chat(make_tokenizer(), TEMPLATE)
    tokens = chat.encode_example(dialogue(*TURNS))
    test = SelfTest(chat, {tuple(tokens.ids): dialogue(*WEIGHTS)}, 999)
    with pytest.raises(TrainerError, match="a chat's loss isn't on the assistant's turns"):
        test.check(torch.tensor([tokens.ids]), torch.tensor([tokens.labels]))


def test_an_answer_without_loss_carries_none_without_markers() -> None:
    unmarked = re.sub(r"\{% (end)?generation %\}", "", TEMPLATE)
    example = dialogue(*WEIGHTS)
    with_markers = Chat(make_tokenizer(), TEMPLATE).encode_example(example)
    assert Chat(make_tokenizer(), unmarked).encode_example(example) == with_markers


def test_a_template_that_marks_other_turns_cannot_leave_out_the_loss_of_one() -> None:
    everything = TEMPLATE.replace("m['role'] == 'assistant'", "true")
    with pytest.raises(TrainerError, match="marks 1 assistant turns in a chat with 2 answers"):
        Chat(make_tokenizer(), everything.replace("<|{{ m['role'] }}|>", "")).encode_example(
            dialogue(*WEIGHTS)
        )
