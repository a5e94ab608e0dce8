"""Rows of tokens: which documents a step trains on, a pure function of the seed and the step."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import accumulate
from random import Random
from typing import TypeAlias

import torch
from transformers import PreTrainedTokenizerFast

from trainer.mini import register
from trainer.mini.corpus import Corpus
from trainer.mini.documents import Document, Turn, Writer, random_copy
from trainer.mini.recipe import Recipe
from trainer.mini.turns import Turns

Kinds: TypeAlias = list[tuple[float, Callable[[Random, int], Document]]]
_ECHO = ("Repeat the passage.", "Read it back to me.", "Quote the whole passage.", "Say it again.")


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows as tensors [rows, tokens]: `document` numbers the documents packed into a row.

    `sources` holds the position in the row that a token was copied from, -1 where there is none.
    """

    ids: torch.Tensor
    weights: torch.Tensor
    sources: torch.Tensor
    document: torch.Tensor
    positions: torch.Tensor


class Rows:
    """Draws the rows of each step."""

    def __init__(self, corpus: Corpus, tokenizer: PreTrainedTokenizerFast, recipe: Recipe) -> None:
        """Draw from a corpus by a recipe."""
        self.corpus = corpus
        self.recipe = recipe
        self.writer = Writer(tokenizer, recipe.answer_weight)
        self.turns = Turns(corpus.texts)
        self.copying: Kinds = [(1.0, self._copy)]
        self.short: Kinds = [
            (0.48, self._grounded),
            (0.08, self._echo),
            (0.2, self._text),
            (0.2, self._dialogue),
            (0.04, self._copy),
        ]
        self.long: Kinds = [
            (0.35, self._shots),
            (0.3, self._long_passage),
            (0.2, self._long_text),
            (0.15, self._dialogue),
        ]

    def batch(self, step: int) -> Batch:
        """The rows of a step."""
        rng = Random(f"{self.recipe.seed}:{step}")  # noqa: S311 - rows, not secrets
        if step < self.recipe.copying_steps:
            kinds, count, tokens = self.copying, self.recipe.rows, self.recipe.row_tokens
        elif step % self.recipe.long_every == 0:
            kinds, count, tokens = self.long, self.recipe.long_rows, self.recipe.long_tokens
        else:
            kinds, count, tokens = self.short, self.recipe.rows, self.recipe.row_tokens
        return pack([self._row(rng, kinds, tokens) for _ in range(count)])

    def _row(self, rng: Random, kinds: Kinds, tokens: int) -> list[Document]:
        row: list[Document] = []
        left, misses = tokens, 0
        while left > 24 and misses < 4:
            make = rng.choices([k for _, k in kinds], [w for w, _ in kinds])[0]
            document = make(rng, left)
            if len(document.ids) <= left:
                row.append(document)
                left -= len(document.ids)
            else:
                misses += 1
        if left:
            row.append(self._filler(rng, left))
        return row

    def _filler(self, rng: Random, left: int) -> Document:
        taken: list[str] = []
        while True:
            taken.append(rng.choice(rng.choice(self.corpus.texts).paragraphs))
            document = self.writer.text("\n\n".join(taken))
            if len(document.ids) >= left:
                return document.cut(left)

    def _grounded(self, rng: Random, limit: int) -> Document:
        del limit
        turn = self.turns.short(rng)
        draw = rng.random()
        if draw < self.recipe.conversational:
            turn = _spoken(turn, rng)
            return self.writer.chat([turn], register.conversational_prompt(rng))
        if draw < self.recipe.conversational + self.recipe.neutral:
            return self.writer.chat([turn], register.neutral_prompt(rng))
        return self.writer.chat([turn])

    def _echo(self, rng: Random, limit: int) -> Document:
        passage = self.turns.passage(rng, words=min(limit // 4, 90))
        count = sum(len(paragraph) for paragraph in passage)
        return self.writer.chat([Turn(passage, rng.choice(_ECHO), range(count))])

    def _text(self, rng: Random, limit: int) -> Document:
        del limit
        return self.writer.text(rng.choice(rng.choice(self.corpus.texts).paragraphs))

    def _dialogue(self, rng: Random, limit: int) -> Document:
        turns = rng.choice(self.corpus.dialogues)
        told = rng.random() < 0.25
        system = register.conversational_prompt(rng) if told else ""
        return self.writer.dialogue(turns, min(limit, rng.choice((160, 320, 1024))), system)

    def _copy(self, rng: Random, limit: int) -> Document:
        longest = min(limit, rng.choice((64, 128, 256, 320)))
        return random_copy(rng, self.recipe.shape.vocabulary, longest)

    def _shots(self, rng: Random, limit: int) -> Document:
        del limit
        turns = [self.turns.short(rng) for _ in range(rng.randint(2, 4))]
        system = ""
        if rng.random() < self.recipe.conversational * 2:
            turns = [_spoken(turn, rng) for turn in turns]
            system = register.conversational_prompt(rng) if rng.random() < 0.5 else ""
        elif rng.random() < self.recipe.neutral:
            system = register.neutral_prompt(rng)
        return self.writer.chat(turns, system)

    def _long_passage(self, rng: Random, limit: int) -> Document:
        return self.writer.chat([self.turns.long(rng, words=int(limit * 0.45))])

    def _long_text(self, rng: Random, limit: int) -> Document:
        paragraphs = rng.choice(self.corpus.texts).paragraphs
        start = rng.randrange(len(paragraphs))
        document = self.writer.text("\n\n".join(paragraphs[start : start + 12]))
        return document.cut(limit) if len(document.ids) > limit else document


def _spoken(turn: Turn, rng: Random) -> Turn:
    return replace(turn, spoken=register.conversational(turn.reference, rng))


def pack(rows: list[list[Document]]) -> Batch:
    """Rows of documents, all of one length together, as tensors."""
    ids, weights, sources, document, positions = [], [], [], [], []
    for row in rows:
        starts = [0, *accumulate(len(d.ids) for d in row)]
        ids.append([token for d in row for token in d.ids])
        weights.append([weight for d in row for weight in d.weights])
        sources.append(
            [
                source + starts[i] if source >= 0 else -1
                for i, d in enumerate(row)
                for source in d.sources
            ]
        )
        document.append([i for i, d in enumerate(row) for _ in d.ids])
        positions.append([k for d in row for k in range(len(d.ids))])
    return Batch(
        torch.tensor(ids),
        torch.tensor(weights),
        torch.tensor(sources),
        torch.tensor(document),
        torch.tensor(positions),
    )
