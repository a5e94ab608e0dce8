"""Grounded turns by rule: passages of articles, and questions that one sentence answers."""

from itertools import accumulate
from random import Random
from typing import TypeAlias

from trainer.mini import sentences
from trainer.mini.corpus import Text
from trainer.mini.documents import Turn

Paragraphs: TypeAlias = tuple[tuple[str, ...], ...]
_PASSAGE_WORDS = 130
_TRIES = 6  # passages drawn until one has a sentence to ask about
_WHOLE_SHARE = 0.07  # of questions: about the passage as a whole, answered by its beginning
_DETAIL_SHARE = 0.13  # of questions: about a name or year inside a sentence


class Turns:
    """Draws passages and questions from articles, by rule."""

    def __init__(self, texts: tuple[Text, ...]) -> None:
        """Draw from articles."""
        self.texts = texts

    def short(self, rng: Random) -> Turn:
        """A turn about a passage of up to 130 words."""
        for _ in range(_TRIES):
            turn = self._asked(rng, self.passage(rng, _PASSAGE_WORDS))
            if turn is not None:
                return turn
        return self._whole(rng, self.passage(rng, _PASSAGE_WORDS))

    def long(self, rng: Random, words: int) -> Turn:
        """A turn about several paragraphs of an article."""
        paragraphs = rng.choice(self.texts).paragraphs
        start = rng.randrange(len(paragraphs))
        taken: list[tuple[str, ...]] = []
        for paragraph in paragraphs[start : start + 8]:
            words -= len(paragraph.split())
            if words < 0 and taken:
                break
            taken.append(tuple(sentences.split(paragraph)))
        return self._asked(rng, tuple(taken)) or self._whole(rng, tuple(taken))

    def passage(self, rng: Random, words: int) -> Paragraphs:
        """Neighbouring sentences of a paragraph, or (a third) 2 to 3 unrelated snippets."""
        if rng.random() < 0.67:
            return (self._run(rng, rng.choice((words, words, words // 2)), 9),)
        return tuple(self._run(rng, words // 3, 2) for _ in range(rng.randint(2, 3)))

    def _run(self, rng: Random, words: int, count: int) -> tuple[str, ...]:
        found = sentences.split(rng.choice(rng.choice(self.texts).paragraphs))
        start = rng.choice((0, rng.randrange(len(found))))
        taken: list[str] = []
        for sentence in found[start : start + count]:
            words -= len(sentence.split())
            if words < 0 and taken:
                break
            taken.append(sentence)
        return tuple(taken)

    def _asked(self, rng: Random, paragraphs: Paragraphs) -> Turn | None:
        if rng.random() < _WHOLE_SHARE:
            return self._whole(rng, paragraphs)
        said = [s for paragraph in paragraphs for s in paragraph]
        asked = ask(rng, said)
        return asked and Turn(paragraphs, asked[0], _answer(paragraphs, asked[1]))

    def _whole(self, rng: Random, paragraphs: Paragraphs) -> Turn:
        return Turn(paragraphs, sentences.whole(rng), _answer(paragraphs, 0))


def _answer(paragraphs: Paragraphs, first: int) -> range:
    ends = set(accumulate(len(paragraph) for paragraph in paragraphs))
    return range(first, first + 1 + (first + 1 not in ends))


def ask(rng: Random, said: list[str]) -> tuple[str, int] | None:
    """A question about one of the sentences said, and which; None if the rules find none.

    The subject asked about opens that sentence only, so that the question has one answer.
    """
    order = list(range(len(said)))
    rng.shuffle(order)
    if rng.random() < _DETAIL_SHARE:
        for i in order:
            question = sentences.detail(said[i], " ".join(said), rng)
            if question:
                return question, i
    for i in order:
        opening = sentences.clause(said[i])
        if opening and sum(s.startswith(f"{opening.subject} ") for s in said) == 1:
            return sentences.about(opening, rng), i
    return None
