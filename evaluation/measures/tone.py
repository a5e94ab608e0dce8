"""Tone measures: how easy an English text is to read, and how conversational it sounds.

The conversational features distinguish involved speech from informational writing, following
dimension 1 in Biber, *Variation across Speech and Writing* (1988). The conversational features are
first and second person pronouns, contractions, questions and discourse particles. The list of
particles follows Schiffrin, *Discourse Markers* (1987). Each conversational feature is a rate per
100 words. Reading ease follows Flesch, "A new readability yardstick", Journal of Applied Psychology
32 (1948), 221-233.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from evaluation.measures.text import sentences, syllables, words

TONE_SOURCE = "tone.v1"


@dataclass(frozen=True)
class Feature:
    """A measured feature, with a stable name, a readable label and a description.

    If `share` is true, the values are between 0 and 1 and are displayed as percentages. A feature
    with `is_english` is measured only in English texts.
    """

    name: str
    label: str
    description: str
    share: bool = False
    is_english: bool = False


FEATURES = (
    Feature(
        "flesch_reading_ease",
        "Reading ease",
        "Flesch Reading Ease: 206.835 − 1.015 × words per sentence − 84.6 × syllables per word.",
        is_english=True,
    ),
    Feature("words", "Words", "Words in the text."),
    Feature("words_per_sentence", "Words per sentence", "Mean length of a sentence."),
    Feature("first_person", "I and we", "I, me, my, we, us, our per 100 words.", is_english=True),
    Feature("second_person", "You", "You, your, yourself per 100 words.", is_english=True),
    Feature(
        "contractions",
        "Contractions",
        "It’s, don’t, you’ll and the like per 100 words.",
        is_english=True,
    ),
    Feature("questions", "Questions", "Question marks per 100 words."),
    Feature(
        "discourse_words",
        "Discourse words",
        "Well, so, oh, you know and the like per 100 words.",
        is_english=True,
    ),
    Feature("list_lines", "List lines", "Share of lines that are list items.", share=True),
    Feature("markdown", "Markdown", "Headings, bullets, emphasis, code, links per 100 words."),
)


def _set(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


def _by_first_word(listed: str) -> dict[str, tuple[tuple[str, ...], ...]]:
    phrases = [tuple(phrase.split()) for phrase in listed.split(", ")]
    return {first: tuple(p for p in phrases if p[0] == first) for first, *_ in phrases}


_FIRST = _set("i me my mine myself we us our ours ourselves")
_SECOND = _set("you your yours yourself yourselves ya y'all")
_COUNTRY = _set("US U.S")
_NUMERAL = re.compile(r"(?<=[a-z0-9,;] )[A-Z][a-z]+ I\b(?!['’])")
_CLITIC = re.compile(r"[a-z]+(?:n't|'m|'re|'ve|'ll|'d)")
_FUSED = _set(
    "it's that's what's who's here's there's let's he's she's where's how's when's why's ain't "
    "gonna wanna gotta y'all 'cause c'mon im ive dont didnt doesnt isnt wasnt thats whats"
)
_QUESTION = re.compile(r"\?+")
_START = r"(?:^|[.!?:;—–,(]\s*|\n\s*)"
_PHRASES = _by_first_word(
    "oh, hey, hi, hello, yeah, yep, yup, nope, okay, ok, wow, ah, aha, hmm, hmmm, huh, haha, lol, "
    "anyway, anyways, thanks, honestly, alright, kinda, sorta, you know, you see, i mean, i think, "
    "i guess, i bet, i suppose, kind of, sort of, by the way, of course, pretty much, turns out"
)
_SET_OFF = re.compile(
    _START + r"(?:(?:and|but|so|well|oh),? )?"
    r"(?:well|so|now|right|sure|actually|basically|really|look|see|yes|no|great|like|then|plus"
    r"|interestingly|believe it or not|mind you|(?:good|great|nice|fun|easy) (?:question|one))"
    r"(?=[,!?.—–])"
)
_OPENING = re.compile(r"(?:^|[.!?]['\"”’)]?\s+|\n\s*)(?:so|well|now|and|but|plus)(?= \w)")
_MARKS = re.compile(r"[#*+•>|`=_\[]|^\s*(?:-|\d+[.)])", re.MULTILINE)
_LIST_LINE = re.compile(r"\s*(?:[-*+•]|\d+[.)])\s+\S")
_MARK = re.compile(
    r"^\s*#{1,6}\s|^\s*(?:[-*+•]|\d+[.)])\s+(?=\S)|^\s*>\s|^\s*\|.*\||^\s*```|^\s*[-=]{3,}\s*$"
    r"|\*\*[^*\n]+\*\*|__[^_\n]+__|(?<![*\w])\*[^*\s][^*\n]*\*(?![*\w])|`[^`\n]+`"
    r"|\[[^\]\n]+\]\([^)\n]+\)",
    re.MULTILINE,
)


def flesch_reading_ease(text: str) -> float:
    """Compute the Flesch Reading Ease: about 100 for very easy text, 30 or less for very hard text.

    Reading ease is 206.835 − 1.015 × words per sentence − 84.6 × syllables per word (Flesch 1948).
    Reading ease rewards short sentences and words regardless of what they say, so never use it as
    the only measure. A text without words has a reading ease of 0.
    """
    text_words = words(text)
    return _reading_ease(text_words, len(sentences(text))) if text_words else 0.0


def _reading_ease(text_words: tuple[str, ...], sentence_count: int) -> float:
    count = len(text_words)
    return 206.835 - 1.015 * count / sentence_count - 84.6 * sum(map(syllables, text_words)) / count


ENGLISH_ONLY = frozenset(feature.name for feature in FEATURES if feature.is_english)


def tone_measures(text: str, language: str = "en") -> dict[str, float]:
    """Compute the tone measures of a text, keyed by name; all are 0 if the text has no words.

    In languages other than English, measures that count English words or syllables are left out.
    `I` as a numeral (after a name within a sentence) and `US` aren't counted as first person.
    """
    measures = _all_measures(text)
    if language == "en":
        return measures
    return {name: value for name, value in measures.items() if name not in ENGLISH_ONLY}


def _all_measures(text: str) -> dict[str, float]:
    text_words = words(text)
    if not text_words:
        return dict.fromkeys((feature.name for feature in FEATURES), 0.0)
    lower = tuple(word.lower().replace("’", "'") for word in text_words)
    phrases, free = _phrases(lower)
    persons = [_stem(lower[i]) for i in free if text_words[i] not in _COUNTRY]
    sentence_count = len(sentences(text))
    lines = [line for line in text.splitlines() if line.strip()]
    counts = {
        "first_person": sum(p in _FIRST for p in persons) - len(_NUMERAL.findall(text)),
        "second_person": sum(person in _SECOND for person in persons),
        "contractions": sum(word in _FUSED or _contracts(word) for word in lower),
        "questions": len(_QUESTION.findall(text)),
        "discourse_words": phrases + _set_off(text),
        "markdown": len(_MARK.findall(text)) if _MARKS.search(text) else 0,
    }
    return {
        "flesch_reading_ease": _reading_ease(text_words, sentence_count),
        "words": float(len(text_words)),
        "words_per_sentence": len(text_words) / sentence_count,
        "list_lines": sum(bool(_LIST_LINE.match(line)) for line in lines) / len(lines),
    } | {name: 100 * count / len(text_words) for name, count in counts.items()}


def _phrases(lower: tuple[str, ...]) -> tuple[int, list[int]]:
    """Count the discourse phrases in a text, and return the indices of all words outside them.

    Pronouns in discourse phrases (you know, I mean) aren't counted as pronouns, so no word is
    counted twice.
    """
    count, free, start = 0, [], 0
    while start < len(lower):
        options = _PHRASES.get(lower[start], ())
        length = next((len(o) for o in options if lower[start : start + len(o)] == o), 0)
        if length:
            count += 1
        else:
            free.append(start)
        start += length or 1
    return count, free


def _contracts(word: str) -> bool:
    return "'" in word and _CLITIC.fullmatch(word) is not None


def _set_off(text: str) -> int:
    """Count ambiguous discourse words (so, well, right) that are set off by punctuation."""
    lower = text.lower()
    return len(_SET_OFF.findall(lower)) + len(_OPENING.findall(lower))


def _stem(word: str) -> str:
    return word.partition("'")[0] if word != "y'all" else word


_SIGNS = ("first_person", "second_person", "contractions", "questions", "discourse_words")

CONVERSATIONAL = Feature(
    "conversational",
    "Conversational",
    "An answer counts as conversational when it shows at least 2 of five signs of talk (I or we, "
    "you, a contraction, a question, a discourse word such as “well” or “so”), is not very hard to "
    "read (Flesch Reading Ease of 30 or more), keeps its sentences to 20 words on average, and has "
    "no list and no markdown.",
    share=True,
)


def conversational(measures: Mapping[str, float]) -> bool:
    """Whether a text with these tone measures is conversational according to `CONVERSATIONAL`."""
    return (
        sum(measures[sign] > 0 for sign in _SIGNS) >= 2
        and measures["flesch_reading_ease"] >= 30
        and measures["words_per_sentence"] <= 20
        and measures["markdown"] == 0
    )


def is_conversational(text: str) -> bool:
    """Whether a text is conversational according to the `CONVERSATIONAL` rule."""
    return conversational(tone_measures(text))
