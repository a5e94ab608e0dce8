"""What a mini model can do, measured on articles and dialogues it has not seen."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import torch
from torch.nn import functional
from transformers import LlamaForCausalLM, LogitsProcessorList, PreTrainedTokenizerFast

from trainer.mini import sentences
from trainer.mini.corpus import Corpus
from trainer.mini.documents import Document, Turn, Writer
from trainer.mini.turns import Turns
from trainer.repetition import NoRepeatedGeneratedNGrams

_BATCH = 25
_NEW_TOKENS = 160


@dataclass(frozen=True, slots=True)
class Figures:
    """Shares and means over held-out prompts; perplexities are per token."""

    prompts: int
    answer_accuracy: float  # of the answer's tokens, each guessed after the true ones before it
    rouge_l: float  # of greedy answers, F1 over words
    first_sentence: float  # greedy answers whose first sentence is the reference's, word for word
    loops: float  # greedy answers in which two or more 4-grams come again
    from_passage: float  # of the greedy answers' words, those that are in the passage
    perplexity_text: float
    perplexity_dialogue: float


def figures(
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    held: Corpus,
    prompts: int,
    no_repeat: int = 0,
) -> Figures:
    """Measure a model on the held-out side of a corpus; `no_repeat` is as in `answers`."""
    turns = held_out_turns(held, prompts)
    said = answers(model, tokenizer, turns, no_repeat=no_repeat)
    writer = Writer(tokenizer, 1.0)
    rng = Random("text")  # noqa: S311 - a sample, not a secret
    texts = [writer.text(rng.choice(rng.choice(held.held_texts).paragraphs)) for _ in turns]
    chats = [writer.dialogue(d, 512) for d in held.held_dialogues[: len(turns)]]
    pairs = list(zip(turns, said, strict=True))
    return Figures(
        prompts=len(turns),
        answer_accuracy=_accuracy(model, [writer.chat([turn]) for turn in turns]),
        rouge_l=_mean([rouge_l(turn.reference, text) for turn, text in pairs]),
        first_sentence=_mean([_first(turn, text) for turn, text in pairs]),
        loops=_mean([repeated(text) >= 2 for text in said]),
        from_passage=_mean([_taken(turn, text) for turn, text in pairs]),
        perplexity_text=_perplexity(model, texts),
        perplexity_dialogue=_perplexity(model, chats),
    )


def held_out_turns(held: Corpus, count: int) -> list[Turn]:
    """Questions about passages of held-out articles, always the same ones."""
    turns, rng = Turns(held.held_texts), Random("measure")  # noqa: S311 - as above
    return [turns.short(rng) for _ in range(count)]


def answers(
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    turns: Sequence[Turn],
    system: str = "",
    no_repeat: int = 0,
) -> list[str]:
    """The model's greedy answers; with `no_repeat` n, no n tokens in a row are generated twice."""
    said: list[str] = []
    chat_model: Any = model
    opening = [{"role": "system", "content": system}] if system else []
    for start in range(0, len(turns), _BATCH):
        chats = [
            [*opening, {"role": "user", "content": turn.user}]
            for turn in turns[start : start + _BATCH]
        ]
        asked: Any = tokenizer.apply_chat_template(
            chats, add_generation_prompt=True, padding=True, return_tensors="pt", return_dict=True
        )
        width = asked["input_ids"].shape[1]
        rule = [NoRepeatedGeneratedNGrams(no_repeat, width)] if no_repeat else []
        made = chat_model.generate(
            **asked,
            max_new_tokens=_NEW_TOKENS,
            do_sample=False,
            logits_processor=LogitsProcessorList(rule),
        )
        new = made[:, width:]
        said += [text.strip() for text in tokenizer.batch_decode(new, skip_special_tokens=True)]
    return said


def rouge_l(reference: str, said: str) -> float:
    """F1 of the longest common subsequence of words, in lower case (Lin 2004, ROUGE-L)."""
    wanted, got = reference.lower().split(), said.lower().split()
    row = [0] * (len(got) + 1)
    for word in wanted:
        before = 0
        for i, other in enumerate(got, start=1):
            above = row[i]
            row[i] = before + 1 if word == other else max(above, row[i - 1])
            before = above
    return 2 * row[-1] / (len(wanted) + len(got)) if row[-1] else 0.0


def repeated(text: str) -> int:
    """How many of a text's 4-grams of words have come before in it."""
    words = text.lower().split()
    grams = list(zip(words, words[1:], words[2:], words[3:], strict=False))
    return len(grams) - len(set(grams))


def _first(turn: Turn, text: str) -> bool:
    return sentences.split(turn.reference)[0] == sentences.split(text)[0]


def _taken(turn: Turn, text: str) -> float:
    there = set(turn.user.lower().split())
    return _mean([word in there for word in text.lower().split()])


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


@torch.no_grad()
def _logits(model: LlamaForCausalLM, document: Document) -> torch.Tensor:
    logits: torch.Tensor = model(torch.tensor([document.ids])).logits[0, :-1]
    return logits


def _accuracy(model: LlamaForCausalLM, documents: Sequence[Document]) -> float:
    hits: list[float] = []
    for document in documents:
        guesses = _logits(model, document).argmax(-1).tolist()
        copied = [t for t, source in enumerate(document.sources) if source >= 0]
        hits += [float(guesses[t - 1] == document.ids[t]) for t in copied]
    return _mean(hits)


def _perplexity(model: LlamaForCausalLM, documents: Sequence[Document]) -> float:
    total, count = 0.0, 0
    for document in documents:
        wanted = torch.tensor(document.ids[1:])
        counted = torch.tensor(document.weights[1:]) > 0
        losses = functional.cross_entropy(_logits(model, document), wanted, reduction="none")
        total += float(losses[counted].sum())
        count += int(counted.sum())
    return math.exp(total / count)
