"""Rows of tokens: the documents that a step trains on, a pure function of seed and step."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import accumulate
from random import Random
from typing import TypeAlias

import torch
from transformers import PreTrainedTokenizerFast

from recipes.mini import register
from recipes.mini.corpus import Corpus
from recipes.mini.documents import Document, Writer, random_copy
from recipes.mini.phrases import QUESTIONS
from recipes.mini.questions import Turn, Turns
from recipes.mini.recipe import Recipe

Mix: TypeAlias = dict[Callable[[Random, int], Document], float]
"""Kinds of documents and their shares; each takes a random generator and a limit in tokens."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows as tensors (rows × tokens); `document` numbers the documents packed into a row.

    `sources` has the position in the row that a token was copied from, or -1.
    """

    ids: torch.Tensor
    weights: torch.Tensor
    sources: torch.Tensor
    document: torch.Tensor
    positions: torch.Tensor


class Rows:
    """Draws the rows of each step."""

    def __init__(self, corpus: Corpus, tokenizer: PreTrainedTokenizerFast, recipe: Recipe) -> None:
        """Draw from a corpus as a recipe says."""
        self.corpus = corpus
        self.recipe = recipe
        self.writer = Writer(tokenizer, recipe.answer_weight)
        self.turns = Turns(corpus.texts)
        self.short: Mix = {
            self._grounded: 0.48,
            self._echo: 0.08,
            self._text: 0.2,
            self._dialogue: 0.2,
            self._copy: 0.04,
        }
        self.long: Mix = {
            self._shots: 0.35,
            self._long_passage: 0.3,
            self._long_text: 0.2,
            self._dialogue: 0.15,
        }

    def batch(self, step: int) -> Batch:
        """The rows of a step."""
        recipe = self.recipe
        rng = Random(f"{recipe.seed}:{step}")  # noqa: S311 - rows, not secrets
        if step >= recipe.copying_steps and step % recipe.long_every == 0:
            rows = [self._row(rng, self.long, recipe.long_tokens) for _ in range(recipe.long_rows)]
        else:
            mix: Mix = self.short if step >= recipe.copying_steps else {self._copy: 1.0}
            rows = [self._row(rng, mix, recipe.row_tokens) for _ in range(recipe.rows)]
        return pack(rows)

    def _row(self, rng: Random, mix: Mix, tokens: int) -> list[Document]:
        row: list[Document] = []
        left, misses = tokens, 0
        while left > 24 and misses < 4:
            write = rng.choices(list(mix), list(mix.values()))[0]
            document = write(rng, left)
            if len(document.ids) <= left:
                row.append(document)
                left -= len(document.ids)
            else:
                misses += 1
        if left:
            row.append(self._filler(rng, left))
        return row

    def _filler(self, rng: Random, tokens: int) -> Document:
        """Text of exactly so many tokens."""
        paragraphs: list[str] = []
        while True:
            paragraphs.append(rng.choice(rng.choice(self.corpus.texts).paragraphs))
            document = self.writer.text("\n\n".join(paragraphs))
            if len(document.ids) >= tokens:
                return document.cut(tokens)

    def _grounded(self, rng: Random, _limit: int) -> Document:
        turn = self.turns.short(rng)
        draw = rng.random()
        if draw < self.recipe.conversational:
            turn = _rewritten(turn, rng)
            return self.writer.chat([turn], register.conversational_prompt(rng))
        if draw < self.recipe.conversational + self.recipe.neutral:
            return self.writer.chat([turn], register.neutral_prompt(rng))
        return self.writer.chat([turn])

    def _echo(self, rng: Random, limit: int) -> Document:
        passage = self.turns.passage(rng, words=min(limit // 4, 90))
        count = sum(len(paragraph) for paragraph in passage)
        return self.writer.chat([Turn(passage, rng.choice(QUESTIONS["echo"]), range(count))])

    def _text(self, rng: Random, _limit: int) -> Document:
        return self.writer.text(rng.choice(rng.choice(self.corpus.texts).paragraphs))

    def _dialogue(self, rng: Random, limit: int) -> Document:
        turns = rng.choice(self.corpus.dialogues)
        system = register.conversational_prompt(rng) if rng.random() < 0.25 else ""
        return self.writer.dialogue(turns, min(limit, rng.choice((160, 320, 1024))), system)

    def _copy(self, rng: Random, limit: int) -> Document:
        longest = min(limit, rng.choice((64, 128, 256, 320)))
        return random_copy(rng, self.recipe.shape.vocabulary, longest)

    def _shots(self, rng: Random, _limit: int) -> Document:
        turns = [self.turns.short(rng) for _ in range(rng.randint(2, 4))]
        system = ""
        if rng.random() < self.recipe.conversational * 2:
            turns = [_rewritten(turn, rng) for turn in turns]
            system = register.conversational_prompt(rng) if rng.random() < 0.5 else ""
        elif rng.random() < self.recipe.neutral:
            system = register.neutral_prompt(rng)
        return self.writer.chat(turns, system)

    def _long_passage(self, rng: Random, limit: int) -> Document:
        return self.writer.chat([self.turns.long(rng, words=int(limit * 0.45))])

    def _long_text(self, rng: Random, limit: int) -> Document:
        paragraphs = rng.choice(self.corpus.texts).paragraphs
        start = rng.randrange(len(paragraphs))
        return self.writer.text("\n\n".join(paragraphs[start : start + 12])).cut(limit)


def _rewritten(turn: Turn, rng: Random) -> Turn:
    return replace(turn, rewrite=register.conversational(turn.reference, rng))


def pack(rows: list[list[Document]]) -> Batch:
    """Rows of documents as tensors; all rows have the same number of tokens."""
    starts = [list(accumulate((len(d.ids) for d in row), initial=0)) for row in rows]
    return Batch(
        ids=torch.tensor([[token for d in row for token in d.ids] for row in rows]),
        weights=torch.tensor([[weight for d in row for weight in d.weights] for row in rows]),
        sources=torch.tensor(
            [
                [
                    source + start if source >= 0 else -1
                    for start, d in zip(row_starts, row, strict=False)
                    for source in d.sources
                ]
                for row_starts, row in zip(starts, rows, strict=True)
            ]
        ),
        document=torch.tensor([[i for i, d in enumerate(row) for _ in d.ids] for row in rows]),
        positions=torch.tensor([[k for d in row for k in range(len(d.ids))] for row in rows]),
    )
