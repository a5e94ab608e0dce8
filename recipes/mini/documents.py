"""The tokenizer and chat template of the mini model, and documents encoded with them.

The tokenizer uses byte-level BPE with GPT-2's splitting rule, which llama.cpp also supports, and
has no normalizer and no prefix space. The template adds a space before each message and after each
newline, so a word has the same tokens in a passage, a question and an answer.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from random import Random

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from recipes.mini.questions import Turn
from recipes.mini.recipe import Shape

PAD, BOS, EOS, SYSTEM, USER, ASSISTANT = range(6)
SPECIAL = ("<pad>", "<s>", "</s>", "<|system|>", "<|user|>", "<|assistant|>")
TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}"
    "{% set said = ' ' + (m['content'] | trim | replace('\\n', '\\n ')) %}"
    "{% if m['role'] == 'assistant' %}"
    "<|assistant|>{% generation %}{{ said + eos_token }}{% endgeneration %}"
    "{% else %}{{ '<|' + m['role'] + '|>' + said + eos_token }}{% endif %}"
    "{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
_GAP = "\n \n"


def train_tokenizer(texts: Iterable[str], shape: Shape) -> PreTrainedTokenizerFast:
    """Train a tokenizer for a model of the given shape."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=shape.vocab_size,
        special_tokens=list(SPECIAL),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        chat_template=TEMPLATE,
        pad_token=SPECIAL[PAD],
        bos_token=SPECIAL[BOS],
        eos_token=SPECIAL[EOS],
        additional_special_tokens=list(SPECIAL[SYSTEM:]),
        model_max_length=shape.max_position_embeddings,
        padding_side="left",
        clean_up_tokenization_spaces=False,
    )


@dataclass(slots=True)
class Document:
    """A tokenized document.

    For each token, `weights` contains the loss weight, and `sources` contains the position from
    which the token was copied, or -1.
    """

    ids: list[int] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    sources: list[int] = field(default_factory=list)

    def add(self, ids: Sequence[int], weight: float, sources: Sequence[int] | None = None) -> range:
        """Append tokens, which may be copied from `sources`, and return their positions."""
        start = len(self.ids)
        self.ids.extend(ids)
        self.weights.extend([weight] * len(ids))
        self.sources.extend([-1] * len(ids) if sources is None else sources)
        return range(start, len(self.ids))

    def cut(self, length: int) -> "Document":
        """Return the first `length` tokens of the document."""
        return Document(self.ids[:length], self.weights[:length], self.sources[:length])


@dataclass(frozen=True, slots=True)
class Writer:
    """An encoder for documents, which writes chats in the format of the chat template.

    `answer_weight` is the loss weight of answers; plain text has a loss weight of 1.
    """

    tokenizer: PreTrainedTokenizerFast
    answer_weight: float

    def chat(self, turns: Sequence[Turn], system: str = "") -> Document:
        """Encode questions about passages, with their answers, as a single chat."""
        document = self._open(system)
        for turn in turns:
            positions = self._passage(document, turn)
            document.add([*self._encode(f"{_GAP} {turn.question}"), EOS, ASSISTANT], 0.0)
            ids = self._encode(f" {turn.rewrite}") if turn.rewrite else None
            source = [position for i in turn.answer for position in positions[i]]
            copied = [document.ids[position] for position in source]
            matches = source if ids is None else _matches(copied, ids, source)
            document.add(copied if ids is None else ids, self.answer_weight, matches)
            document.add([EOS], self.answer_weight)
        return document

    def dialogue(self, turns: Sequence[str], limit: int, system: str = "") -> Document:
        """Encode a dialogue with as many whole turns as fit into `limit` tokens.

        The user speaks first.
        """
        document = self._open(system)
        for i, turn in enumerate(turns):
            ids = [*self._encode(f" {turn}"), EOS]
            if len(document.ids) + len(ids) + 1 > limit:
                break
            document.add([ASSISTANT if i % 2 else USER], 0.0)
            document.add(ids, 1.0)
        return document

    def text(self, text: str) -> Document:
        """Encode plain text."""
        document = self._open()
        document.add([*self._encode(text), EOS], 1.0)
        return document

    def _encode(self, text: str) -> list[int]:
        ids: list[int] = self.tokenizer.backend_tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    def _open(self, system: str = "") -> Document:
        document = Document()
        document.add([BOS], 0.0)
        if system:
            document.add([SYSTEM, *self._encode(f" {system}"), EOS], 0.0)
        return document

    def _passage(self, document: Document, turn: Turn) -> list[range]:
        """Append a turn's passage to a document, and return each sentence's token positions."""
        document.add([USER], 0.0)
        positions: list[range] = []
        for i, paragraph in enumerate(turn.passage):
            document.add(self._encode(_GAP) if i else [], 0.0)
            positions += [document.add(self._encode(f" {text}"), 1.0) for text in paragraph]
        return positions


def _matches(copied: list[int], ids: list[int], source: list[int]) -> list[int]:
    """Find where a rewrite's tokens were copied from, in runs of at least two tokens."""
    sources = [-1] * len(ids)
    for a, b, size in SequenceMatcher(None, copied, ids, autojunk=False).get_matching_blocks():
        if size > 1:
            sources[b : b + size] = source[a : a + size]
    return sources


def random_copy(rng: Random, vocabulary: int, longest: int) -> Document:
    """Generate a random sequence of tokens, followed by a copy of the sequence.

    The sequence often has a small alphabet, so that the same token occurs in several contexts.
    """
    length = rng.randint(min(12, longest // 2 - 1), longest // 2 - 1)
    first = len(SPECIAL)
    alphabet = rng.choice((8, 16, 32, 64, vocabulary - first))
    tokens = [first + rng.randrange(vocabulary - first) for _ in range(min(alphabet, length))]
    sequence = tokens if alphabet > length else [rng.choice(tokens) for _ in range(length)]
    document = Document()
    document.add([BOS, *sequence, sequence[0]], 0.0)  # the repetition's start is unpredictable
    document.add(sequence[1:], 1.0, range(2, len(sequence) + 1))
    return document
