"""Documents that rows consist of; their copied tokens know the positions they were copied from."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from random import Random

from transformers import PreTrainedTokenizerFast

from recipes.mini.questions import Turn
from recipes.mini.tokenizer import ASSISTANT, BOS, EOS, SPECIAL, SYSTEM, USER

_GAP = "\n \n"


@dataclass(slots=True)
class Document:
    """Token ids, each with its loss weight and the position it was copied from (or -1)."""

    ids: list[int] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    sources: list[int] = field(default_factory=list)

    def add(self, ids: Sequence[int], weight: float, sources: Sequence[int] | None = None) -> range:
        """Append tokens, copied from `sources` if given, and return their positions."""
        start = len(self.ids)
        self.ids.extend(ids)
        self.weights.extend([weight] * len(ids))
        self.sources.extend([-1] * len(ids) if sources is None else sources)
        return range(start, len(self.ids))

    def cut(self, length: int) -> "Document":
        """The document's first tokens."""
        return Document(self.ids[:length], self.weights[:length], self.sources[:length])


class Writer:
    """Writes documents in the tokens of the chat template."""

    def __init__(self, tokenizer: PreTrainedTokenizerFast, answer_weight: float) -> None:
        """Write with a tokenizer; an answer's tokens have the weight `answer_weight`, text 1."""
        self.tokenizer = tokenizer
        self.answer_weight = answer_weight

    def encode(self, text: str) -> list[int]:
        """The tokens of a text, without special tokens."""
        ids: list[int] = self.tokenizer.backend_tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    def chat(self, turns: Sequence[Turn], system: str = "") -> Document:
        """Grounded turns as one chat."""
        document = self._open(system)
        for turn in turns:
            positions = self._passage(document, turn)
            document.add([*self.encode(f"{_GAP} {turn.question}"), EOS, ASSISTANT], 0.0)
            source = [position for i in turn.answer for position in positions[i]]
            copied = [document.ids[position] for position in source]
            if turn.rewrite:
                ids = self.encode(f" {turn.rewrite}")
                document.add(ids, self.answer_weight, _matches(copied, ids, source))
            else:
                document.add(copied, self.answer_weight, source)
            document.add([EOS], self.answer_weight)
        return document

    def dialogue(self, turns: Sequence[str], limit: int, system: str = "") -> Document:
        """A dialogue, user first, with as many whole turns as fit into `limit` tokens."""
        document = self._open(system)
        for i, turn in enumerate(turns):
            ids = [*self.encode(f" {turn}"), EOS]
            if len(document.ids) + len(ids) + 1 > limit:
                break
            document.add([ASSISTANT if i % 2 else USER], 0.0)
            document.add(ids, 1.0)
        return document

    def text(self, text: str) -> Document:
        """Plain text."""
        document = Document()
        document.add([BOS], 0.0)
        document.add([*self.encode(text), EOS], 1.0)
        return document

    def _open(self, system: str) -> Document:
        document = Document()
        document.add([BOS], 0.0)
        if system:
            document.add([SYSTEM, *self.encode(f" {system}"), EOS], 0.0)
        return document

    def _passage(self, document: Document, turn: Turn) -> list[range]:
        """Add a turn's passage and return the positions of each sentence."""
        document.add([USER], 0.0)
        positions: list[range] = []
        for i, paragraph in enumerate(turn.passage):
            if i:
                document.add(self.encode(_GAP), 0.0)
            for sentence in paragraph:
                positions.append(document.add(self.encode(f" {sentence}"), 1.0))
        return positions


def _matches(copied: list[int], ids: list[int], source: list[int]) -> list[int]:
    """The source positions of tokens in a rewrite that match two or more of the plain answer's."""
    sources = [-1] * len(ids)
    matcher = SequenceMatcher(None, copied, ids, autojunk=False)
    for block in matcher.get_matching_blocks():
        if block.size > 1:
            sources[block.b : block.b + block.size] = source[block.a : block.a + block.size]
    return sources


def random_copy(rng: Random, vocabulary: int, longest: int) -> Document:
    """A random sequence twice; with a small alphabet, its contexts repeat."""
    length = rng.randint(min(12, longest // 2 - 1), longest // 2 - 1)
    first = len(SPECIAL)
    alphabet = rng.choice((8, 16, 32, 64, vocabulary - first))
    tokens = [first + rng.randrange(vocabulary - first) for _ in range(min(alphabet, length))]
    sequence = tokens if alphabet > length else [rng.choice(tokens) for _ in range(length)]
    document = Document()
    document.add([BOS, *sequence], 0.0)
    document.add(sequence[:1], 0.0)  # can't be predicted, so it carries no loss
    document.add(sequence[1:], 1.0, range(2, len(sequence) + 1))
    return document
