"""Measures of a mini model on held-out articles and dialogues."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import torch
from torch.nn import functional
from transformers import LlamaForCausalLM, LogitsProcessorList, PreTrainedTokenizerFast

from recipes.mini.corpus import Corpus
from recipes.mini.documents import Document, Writer
from recipes.mini.questions import Turn, Turns, split
from trainer.answer import NoRepeatedGeneratedNGrams

_BATCH = 25
_NEW_TOKENS = 160


@dataclass(frozen=True, slots=True)
class Figures:
    """Shares and means over held-out prompts; perplexities are per token."""

    prompts: int
    answer_accuracy: float  # of the answer's tokens, each given the true ones before it
    rouge_l: float  # of greedy answers, F1 over words
    first_sentence: float  # of greedy answers, those with the reference's first sentence
    loops: float  # of greedy answers, those in which two or more 4-grams repeat
    from_passage: float  # of the words of greedy answers, those in the passage
    perplexity_text: float
    perplexity_dialogue: float


def figures(
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    corpus: Corpus,
    prompts: int,
    no_repeat: int = 0,
) -> Figures:
    """Measure a model on a held-out corpus; `no_repeat` is as in `answers`."""
    turns = held_out_turns(corpus, prompts)
    texts = answers(model, tokenizer, turns, no_repeat=no_repeat)
    writer = Writer(tokenizer, 1.0)
    rng = Random("text")  # noqa: S311 - a sample, not a secret
    paragraphs = [writer.text(rng.choice(rng.choice(corpus.texts).paragraphs)) for _ in turns]
    chats = [writer.dialogue(d, 512) for d in corpus.dialogues[: len(turns)]]
    pairs = list(zip(turns, texts, strict=True))
    return Figures(
        prompts=len(turns),
        answer_accuracy=_accuracy(model, [writer.chat([turn]) for turn in turns]),
        rouge_l=_mean([rouge_l(turn.reference, text) for turn, text in pairs]),
        first_sentence=_mean([_has_first_sentence(turn, text) for turn, text in pairs]),
        loops=_mean([repeated(text) >= 2 for text in texts]),
        from_passage=_mean([_from_passage(turn, text) for turn, text in pairs]),
        perplexity_text=_perplexity(model, paragraphs),
        perplexity_dialogue=_perplexity(model, chats),
    )


def held_out_turns(corpus: Corpus, count: int) -> list[Turn]:
    """Questions about passages of held-out articles, the same ones each time."""
    turns, rng = Turns(corpus.texts), Random("measure")  # noqa: S311 - as above
    return [turns.short(rng) for _ in range(count)]


def answers(
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    turns: Sequence[Turn],
    system: str = "",
    no_repeat: int = 0,
) -> list[str]:
    """The model's greedy answers; `no_repeat` n stops it from generating n tokens twice."""
    texts: list[str] = []
    chat_model: Any = model
    opening = [{"role": "system", "content": system}] if system else []
    for start in range(0, len(turns), _BATCH):
        chats = [
            [*opening, {"role": "user", "content": turn.user}]
            for turn in turns[start : start + _BATCH]
        ]
        prompts: Any = tokenizer.apply_chat_template(
            chats, add_generation_prompt=True, padding=True, return_tensors="pt", return_dict=True
        )
        width = prompts["input_ids"].shape[1]
        rule = [NoRepeatedGeneratedNGrams(no_repeat, width)] if no_repeat else []
        rows = chat_model.generate(
            **prompts,
            max_new_tokens=_NEW_TOKENS,
            do_sample=False,
            logits_processor=LogitsProcessorList(rule),
        )
        new = rows[:, width:]
        texts += [text.strip() for text in tokenizer.batch_decode(new, skip_special_tokens=True)]
    return texts


def rouge_l(reference: str, answer: str) -> float:
    """F1 of the longest common subsequence of words, in lower case (Lin 2004, ROUGE-L)."""
    expected, actual = reference.lower().split(), answer.lower().split()
    row = [0] * (len(actual) + 1)
    for word in expected:
        before = 0
        for i, other in enumerate(actual, start=1):
            above = row[i]
            row[i] = before + 1 if word == other else max(above, row[i - 1])
            before = above
    return 2 * row[-1] / (len(expected) + len(actual)) if row[-1] else 0.0


def repeated(text: str) -> int:
    """How many of a text's 4-grams of words are repeats."""
    words = text.lower().split()
    grams = list(zip(words, words[1:], words[2:], words[3:], strict=False))
    return len(grams) - len(set(grams))


def _has_first_sentence(turn: Turn, text: str) -> bool:
    return split(turn.reference)[0] == split(text)[0]


def _from_passage(turn: Turn, text: str) -> float:
    words = set(turn.user.lower().split())
    return _mean([word in words for word in text.lower().split()])


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
        targets = torch.tensor(document.ids[1:])
        has_loss = torch.tensor(document.weights[1:]) > 0
        losses = functional.cross_entropy(_logits(model, document), targets, reduction="none")
        total += float(losses[has_loss].sum())
        count += int(has_loss.sum())
    return math.exp(total / count)
