"""Check that an answer is relevant, using the words that the question and the passage share.

The question is assumed to be about a sentence of the passage if at least two words of the question
occur in that sentence, and at most a third as many occur in the answer. On SQuAD 1.1, whose
questions were written by people, the check rejects 3 % of the sentences that contain the gold
answer and 66 % of the other sentences in the same paragraph.
"""

from db.records import CandidateKind
from pipelines.checks.check import CheckInput, Failure
from pipelines.text.sentences import split_sentences
from pipelines.text.words import load_lexicon, split_words

_LEAST = 2
_TIMES = 3
_SHORTEST_STEM = 3
_ENDINGS = ("'s", "’s", "ing", "ed", "es", "ly", "s")
_COMMON = load_lexicon(__name__).common


def check_relevance(item: CheckInput) -> Failure | None:
    """Reject an answer that ignores the sentence of the passage that the question is about.

    Only English answers are checked, because no list of common words is available for other
    languages.
    """
    if item.candidate.kind is not CandidateKind.CONVERSATION or item.language != "en":
        return None
    answers = f"{item.candidate.reference} {item.text}"
    skipped = find_skipped_sentence(item.candidate.question, answers, item.passage)
    return Failure("answers another question", f"asked about “{skipped[:80]}”") if skipped else None


def find_skipped_sentence(question: str, answer: str, passage: str) -> str:
    """Return the sentence that a question is about, or "" if the answer uses the sentence."""
    question_words = _content(question)
    answer_overlap = len(question_words & _content(answer))
    overlaps = {s: len(question_words & _content(s)) for s in split_sentences(passage)}
    best = max(overlaps, key=overlaps.__getitem__, default="")
    overlap = overlaps.get(best, 0)
    return best if overlap >= _LEAST and overlap >= _TIMES * answer_overlap else ""


def _content(text: str) -> set[str]:
    return {_stem(lower) for word in split_words(text) if (lower := word.lower()) not in _COMMON}


def _stem(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM:
            return word.removesuffix(ending)
    return word
