"""Choose sentences of a passage that can serve as the answer to a question."""

from random import Random

from pipelines.articles.passages import count_words
from pipelines.text.sentences import split_sentences
from pipelines.text.words import load_lexicon

SHORTEST, LONGEST = 8, 45  # minimum and maximum number of words in an answer
_ALONE = 14  # a sentence with fewer words is joined to the next one if the result isn't too long
_CONTEXT_WORDS = 60
_REFERS_BACK = load_lexicon(__name__).refers_back


def choose_spans(passage: str, count: int, rng: Random) -> list[str]:
    """Choose up to `count` non-overlapping spans of one or two sentences, in random order.

    Spans whose first sentence refers to an earlier one (“However, …”, “This …”) come last.
    """
    sentences = split_sentences(passage)
    spans = [_span(sentences, n) for n in range(len(sentences))]
    starts = [n for n, span in enumerate(spans) if span]
    rng.shuffle(starts)
    starts.sort(key=lambda n: _first_word(sentences[n]) in _REFERS_BACK)
    chosen: list[str] = []
    for start in starts:
        if len(chosen) < count and not any(sentences[start] in span for span in chosen):
            chosen.append(spans[start])
    return chosen


def text_before(passage: str, span: str) -> str:
    """Return the last words before a span in its passage, which show what the span is about."""
    words = passage.partition(span)[0].split()
    return " ".join(words[-_CONTEXT_WORDS:])


def _span(sentences: list[str], start: int) -> str:
    """Return a sentence (with the next one if it's short), or "" if the sentence is unsuitable."""
    sentence = sentences[start]
    if not _is_whole(sentence):
        return ""
    following = sentences[start + 1] if start + 1 < len(sentences) else ""
    both = f"{sentence} {following}"
    if count_words(sentence) < _ALONE and following and _is_whole(following):
        sentence = both if count_words(both) <= LONGEST else sentence
    return sentence if SHORTEST <= count_words(sentence) <= LONGEST else ""


def _is_whole(sentence: str) -> bool:
    """Whether a sentence ends with punctuation and has matching brackets and quotation marks."""
    pairs = (("(", ")"), ("[", "]"), ("“", "”"), ("«", "»"))
    are_matched = all(sentence.count(opening) == sentence.count(end) for opening, end in pairs)
    is_ended = sentence.rstrip('"”’»」』)]').endswith((".", "!", "。", "！", "…"))
    return are_matched and is_ended and sentence.count('"') % 2 == 0


def _first_word(sentence: str) -> str:
    return sentence.split(maxsplit=1)[0].strip(",;:“\"'").lower()
