"""What a row is made of: documents whose copied tokens know where they were taken from."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from random import Random

from transformers import PreTrainedTokenizerFast

from trainer.mini.tokenizer import ASSISTANT, BOS, EOS, SPECIAL, SYSTEM, USER

_GAP = "\n \n"


@dataclass(slots=True)
class Document:
    """Token ids, each with its weight in the loss and the position it was copied from (or -1)."""

    ids: list[int] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    sources: list[int] = field(default_factory=list)

    def add(self, ids: Sequence[int], weight: float) -> int:
        """Append tokens; returns where they start."""
        start = len(self.ids)
        self.ids.extend(ids)
        self.weights.extend([weight] * len(ids))
        self.sources.extend([-1] * len(ids))
        return start

    def copy(self, ids: Sequence[int], weight: float, sources: Sequence[int]) -> None:
        """Append tokens that were taken from earlier positions."""
        self.ids.extend(ids)
        self.weights.extend([weight] * len(ids))
        self.sources.extend(sources)

    def cut(self, length: int) -> "Document":
        """The document's first tokens."""
        return Document(self.ids[:length], self.weights[:length], self.sources[:length])


@dataclass(frozen=True, slots=True)
class Turn:
    """A grounded turn in words: paragraphs of sentences, a question, the sentences that answer.

    `answer` counts sentences over all paragraphs; `spoken` is the answer in other words, if any.
    """

    paragraphs: tuple[tuple[str, ...], ...]
    question: str
    answer: range
    spoken: str = ""

    @property
    def reference(self) -> str:
        """The answer in the passage's own sentences."""
        sentences = [s for paragraph in self.paragraphs for s in paragraph]
        return " ".join(sentences[i] for i in self.answer)

    @property
    def user(self) -> str:
        """The user's message: the passage, an empty line, the question."""
        return "\n\n".join([*(" ".join(p) for p in self.paragraphs), self.question])


class Writer:
    """Writes documents in the tokens of the chat template."""

    def __init__(self, tokenizer: PreTrainedTokenizerFast, answer_weight: float) -> None:
        """Write with a tokenizer; an answer's tokens weigh `answer_weight`, text 1."""
        self.tokenizer = tokenizer
        self.answer_weight = answer_weight

    def encode(self, text: str) -> list[int]:
        """The tokens of a text, nothing added."""
        ids: list[int] = self.tokenizer.backend_tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    def chat(self, turns: Sequence[Turn], system: str = "") -> Document:
        """Grounded turns, one after the other, as one chat."""
        document = self._opened(system)
        for turn in turns:
            starts, pieces = self._passage(document, turn)
            document.add([*self.encode(f"{_GAP} {turn.question}"), EOS, ASSISTANT], 0.0)
            if turn.spoken:
                self._spoken(document, turn, starts, pieces)
            else:
                for i in turn.answer:
                    sources = range(starts[i], starts[i] + len(pieces[i]))
                    document.copy(pieces[i], self.answer_weight, sources)
            document.add([EOS], self.answer_weight)
        return document

    def dialogue(self, turns: Sequence[str], limit: int, system: str = "") -> Document:
        """A dialogue, user first, in whole turns of at most `limit` tokens together."""
        document = self._opened(system)
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

    def _opened(self, system: str) -> Document:
        document = Document()
        document.add([BOS], 0.0)
        if system:
            document.add([SYSTEM, *self.encode(f" {system}"), EOS], 0.0)
        return document

    def _passage(self, document: Document, turn: Turn) -> tuple[list[int], list[list[int]]]:
        document.add([USER], 0.0)
        starts: list[int] = []
        pieces: list[list[int]] = []
        for i, paragraph in enumerate(turn.paragraphs):
            if i:
                document.add(self.encode(_GAP), 0.0)
            for sentence in paragraph:
                pieces.append(self.encode(f" {sentence}"))
                starts.append(document.add(pieces[-1], 1.0))
        return starts, pieces

    def _spoken(
        self, document: Document, turn: Turn, starts: list[int], pieces: list[list[int]]
    ) -> None:
        taken = [token for i in turn.answer for token in pieces[i]]
        where = [starts[i] + k for i in turn.answer for k in range(len(pieces[i]))]
        said = self.encode(f" {turn.spoken}")
        sources = [-1] * len(said)
        matcher = SequenceMatcher(None, taken, said, autojunk=False)
        for block in matcher.get_matching_blocks():
            for k in range(block.size if block.size > 1 else 0):
                sources[block.b + k] = where[block.a + k]
        document.copy(said, self.answer_weight, sources)


def random_copy(rng: Random, vocabulary: int, longest: int) -> Document:
    """A random sequence that comes twice; small alphabets make its contexts repeat."""
    length = rng.randint(min(12, longest // 2 - 1), longest // 2 - 1)
    first = len(SPECIAL)
    alphabet = rng.choice((8, 16, 32, 64, vocabulary - first))
    tokens = [first + rng.randrange(vocabulary - first) for _ in range(min(alphabet, length))]
    sequence = tokens if alphabet > length else [rng.choice(tokens) for _ in range(length)]
    document = Document()
    document.add([BOS, *sequence], 0.0)
    document.copy(sequence, 1.0, range(1, len(sequence) + 1))
    document.weights[len(sequence) + 1] = 0.0
    document.sources[len(sequence) + 1] = -1
    return document
