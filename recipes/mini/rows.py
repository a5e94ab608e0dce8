"""Draw the token rows for each training step, which depend only on the seed and the step number."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import Any, TypeAlias

import torch
from transformers import PreTrainedTokenizerFast

from recipes.mini import phrases
from recipes.mini.corpus import Corpus
from recipes.mini.documents import Document, Writer, random_copy
from recipes.mini.questions import Turn, Turns
from recipes.mini.recipe import Recipe

Mix: TypeAlias = tuple[tuple[Callable[[Random, int], Document], ...], tuple[float, ...]]
"""Document generators and their shares.

Each document generator accepts a random number generator and a token limit.
"""


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch of token rows, as tensors (rows × tokens).

    For each token, `document` contains the number of its document in the row. For each token,
    `sources` contains the position in the row from which the token was copied, or -1.
    """

    ids: torch.Tensor
    weights: torch.Tensor
    sources: torch.Tensor
    document: torch.Tensor
    positions: torch.Tensor


class Rows:
    """A generator of the token rows for each training step."""

    def __init__(self, corpus: Corpus, tokenizer: PreTrainedTokenizerFast, recipe: Recipe) -> None:
        """Prepare to draw rows from a corpus with the settings of a recipe."""
        self.corpus = corpus
        self.recipe = recipe
        self.writer = Writer(tokenizer, recipe.answer_weight)
        self.turns = Turns(corpus.texts)
        self.short: Mix = (
            (self._grounded, self._echo, self._text, self._dialogue, self._copy),
            (0.48, 0.08, 0.2, 0.2, 0.04),
        )
        self.long: Mix = (
            (self._shots, self._long_passage, self._long_text, self._dialogue),
            (0.35, 0.3, 0.2, 0.15),
        )

    def batch(self, step: int) -> Batch:
        """Draw the token rows for a training step."""
        recipe = self.recipe
        rng = Random(f"{recipe.seed}:{step}")  # noqa: S311 - rows, not secrets
        if step >= recipe.copying_steps and step % recipe.long_every == 0:
            rows = [self._row(rng, self.long, recipe.long_tokens) for _ in range(recipe.long_rows)]
        else:
            mix: Mix = self.short if step >= recipe.copying_steps else ((self._copy,), (1.0,))
            rows = [self._row(rng, mix, recipe.row_tokens) for _ in range(recipe.rows)]
        return _pack(rows)

    def _row(self, rng: Random, mix: Mix, left: int) -> list[Document]:
        """Draw documents that fit into `left` tokens, and fill the rest with plain text."""
        row: list[Document] = []
        misses = 0
        while left > 24 and misses < 4:
            document = rng.choices(*mix)[0](rng, left)
            if len(document.ids) <= left:
                row.append(document)
                left -= len(document.ids)
            else:
                misses += 1
        if left:
            text = self._paragraph(rng)
            while len((document := self.writer.text(text)).ids) < left:
                text += f"\n\n{self._paragraph(rng)}"
            row.append(document.cut(left))
        return row

    def _paragraph(self, rng: Random) -> str:
        return rng.choice(rng.choice(self.corpus.texts).paragraphs)

    def _grounded(self, rng: Random, _limit: int) -> Document:
        turn = self.turns.short(rng)
        draw = rng.random()
        if draw < self.recipe.conversational:
            turn = _rewrite(turn, rng)
            return self.writer.chat([turn], phrases.conversational_prompt(rng))
        if draw < self.recipe.conversational + self.recipe.neutral:
            return self.writer.chat([turn], phrases.neutral_prompt(rng))
        return self.writer.chat([turn])

    def _echo(self, rng: Random, limit: int) -> Document:
        passage = self.turns.passage(rng, words=min(limit // 4, 90))
        count = sum(len(paragraph) for paragraph in passage)
        question = rng.choice(phrases.QUESTIONS["echo"])
        return self.writer.chat([Turn(passage, question, range(count))])

    def _text(self, rng: Random, _limit: int) -> Document:
        return self.writer.text(self._paragraph(rng))

    def _dialogue(self, rng: Random, limit: int) -> Document:
        turns = rng.choice(self.corpus.dialogues)
        system = phrases.conversational_prompt(rng) if rng.random() < 0.25 else ""
        return self.writer.dialogue(turns, min(limit, rng.choice((160, 320, 1024))), system)

    def _copy(self, rng: Random, limit: int) -> Document:
        longest = min(limit, rng.choice((64, 128, 256, 320)))
        return random_copy(rng, self.recipe.shape.vocab_size, longest)

    def _shots(self, rng: Random, _limit: int) -> Document:
        turns = [self.turns.short(rng) for _ in range(rng.randint(2, 4))]
        system = ""
        if rng.random() < self.recipe.conversational * 2:
            turns = [_rewrite(turn, rng) for turn in turns]
            system = phrases.conversational_prompt(rng) if rng.random() < 0.5 else ""
        elif rng.random() < self.recipe.neutral:
            system = phrases.neutral_prompt(rng)
        return self.writer.chat(turns, system)

    def _long_passage(self, rng: Random, limit: int) -> Document:
        return self.writer.chat([self.turns.long(rng, words=int(limit * 0.45))])

    def _long_text(self, rng: Random, limit: int) -> Document:
        paragraphs = rng.choice(self.corpus.texts).paragraphs
        start = rng.randrange(len(paragraphs))
        return self.writer.text("\n\n".join(paragraphs[start : start + 12])).cut(limit)


def _rewrite(turn: Turn, rng: Random) -> Turn:
    return replace(turn, rewrite=phrases.conversational(turn.reference, rng))


def _pack(rows: list[list[Document]]) -> Batch:
    """Pack rows of documents into tensors; all rows must have the same number of tokens."""
    return Batch(*map(torch.tensor, zip(*map(_columns, rows), strict=True)))


def _columns(row: list[Document]) -> tuple[list[Any], ...]:
    """Convert a row of documents to the fields of a batch."""
    ids = [token for d in row for token in d.ids]
    weights = [weight for d in row for weight in d.weights]
    document = [number for number, d in enumerate(row) for _ in d.ids]
    positions = [position for d in row for position in range(len(d.ids))]
    sources = [source for d in row for source in d.sources]
    starts = [i - position for i, position in enumerate(positions)]
    sources = [s + start if s >= 0 else -1 for s, start in zip(sources, starts, strict=True)]
    return ids, weights, sources, document, positions
