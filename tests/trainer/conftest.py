"""A tiny random Llama with its own tokenizer and chat template, and examples for it."""

from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from tokenizers.trainers import BpeTrainer
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from db.records import CandidateKind, Example, Message, Role, Split

TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}<|{{ m['role'] }}|>"
    "{% if m['role'] == 'assistant' %}{% generation %}{{ m['content'] }}{{ eos_token }}"
    "{% endgeneration %}{% else %}{{ m['content'] }}{{ eos_token }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
SPECIAL = ["<pad>", "<s>", "</s>", "<|system|>", "<|user|>", "<|assistant|>"]
WORDS = "the river is long and its banks are green so people like to walk there every day".split()  # noqa: SIM905 - a sentence reads better than a list
CONTEXT = 256


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    """Models this small are slower on two threads than on one."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a Llama with 80 thousand random parameters and the words above."""
    folder = tmp_path_factory.mktemp("tiny")
    make_tokenizer().save_pretrained(folder)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=400, hidden_size=64, intermediate_size=64, num_hidden_layers=2,
        num_attention_heads=2, max_position_embeddings=CONTEXT, tie_word_embeddings=True,
        bos_token_id=1, eos_token_id=2, pad_token_id=0, initializer_range=0.2,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


def make_tokenizer() -> PreTrainedTokenizerFast:
    """A byte-level tokenizer of at most 400 tokens with the template above."""
    tokenizer = Tokenizer(BPE())
    tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=True)
    tokenizer.decoder = ByteLevelDecoder()
    trainer = BpeTrainer(
        vocab_size=400, special_tokens=SPECIAL, initial_alphabet=ByteLevel.alphabet(),
        show_progress=False,
    )  # fmt: skip
    tokenizer.train_from_iterator([" ".join(WORDS)], trainer)
    fast = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", pad_token="<pad>"
    )
    fast.chat_template = TEMPLATE
    return fast


def chat_example(number: int, split: Split = Split.TRAIN, answer: str = "") -> Example:
    """A question about two words and its answer, another for each number."""
    one, two = WORDS[number % len(WORDS)], WORDS[(number * 7 + 3) % len(WORDS)]
    return Example(
        candidate=f"c{number}",
        verdict="v",
        kind=CandidateKind.CONVERSATION,
        split=split,
        messages=(
            Message(Role.USER, f"{' '.join(WORDS[: number % 5 + 3])}\n\nwhat of {one}?"),
            Message(Role.ASSISTANT, answer or f"well, {one} is {two}!"),
        ),
    )


def text_example(number: int, split: Split = Split.TRAIN) -> Example:
    """A statement that is trained on as a whole."""
    return Example(
        candidate=f"t{number}",
        verdict="v",
        kind=CandidateKind.STATEMENT,
        split=split,
        text=f"I walk there {number} times every day.",
    )
