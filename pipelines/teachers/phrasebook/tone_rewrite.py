"""Rewrite a plain answer in a tone, using rules.

Facts, numbers and names stay the same. The rules split long sentences, replace words according to a
list, and add phrases without factual content.
"""

import re
from random import Random

from pipelines.teachers.phrasebook import wording
from pipelines.teachers.phrasebook.clauses import parse_clauses
from pipelines.teachers.phrasebook.phrases import expand, slots_of
from pipelines.teachers.phrasebook.splitting import split_sentence
from pipelines.text.sentences import split_sentences
from pipelines.text.words import load_lexicon
from pipelines.voices.tone import TonePhrases

_MAX_TOPIC_WORDS = 5
_NO_LINK = load_lexicon(__name__).no_link


def rewrite(answer: str, question: str, phrases: TonePhrases, rng: Random) -> str:
    """Rewrite an answer in the tone, with the sentences in the same order."""
    topic = _topic(answer, question)
    context = f"{question} {answer}"
    moved = [part for s in split_sentences(answer) for part in _apply_moves(s, phrases.moves, rng)]
    parts = _add_links(moved, phrases, context, rng)
    if rng.random() < phrases.opener_share and (opener := _phrase(phrases.openers, topic, rng)):
        parts[0] = wording.prepend(opener, parts[0], context)
    if rng.random() < phrases.question_share:
        parts.append(_phrase(phrases.questions, topic, rng))
    return " ".join(part for part in parts if part)


def _apply_moves(sentence: str, moves: tuple[str, ...], rng: Random) -> list[str]:
    if "lead_ins" in moves:
        sentence = wording.use_spoken_opening(sentence, rng)
    parts = split_sentence(sentence, rng) if "split" in moves else [sentence]
    for move, change in (
        ("address", wording.address_listener),
        ("plain_words", wording.use_plain_words),
        ("contract", wording.contract),
    ):
        if move in moves:
            parts = [change(part) for part in parts]
    return [wording.capitalise(part) for part in parts]


def _add_links(parts: list[str], phrases: TonePhrases, context: str, rng: Random) -> list[str]:
    """Add linking phrases before some of the sentences."""
    linked = parts[:1]
    for sentence in parts[1:]:
        if phrases.links and _can_link(sentence) and rng.random() < phrases.link_share:
            link = expand(rng.choice(phrases.links), rng, {})
            linked.append(wording.prepend(link, sentence, context))
        else:
            linked.append(sentence)
    return linked


def _can_link(sentence: str) -> bool:
    return sentence.split(maxsplit=1)[0].rstrip(",").lower() not in _NO_LINK


def _phrase(stock: tuple[str, ...], topic: str, rng: Random) -> str:
    fitting = [phrase for phrase in stock if topic or not slots_of(phrase)]
    return wording.capitalise(expand(rng.choice(fitting), rng, {"topic": topic})) if fitting else ""


def _topic(answer: str, question: str) -> str:
    """Return the topic of the answer as a noun phrase, or an empty string if it's unclear."""
    first = parse_clauses(answer)[0]
    if first is not None and first.subject.is_explicit:
        subject = first.subject.text
        if len(subject.split()) <= _MAX_TOPIC_WORDS:
            return subject
    names = re.findall(r"[A-Z][\w'’-]+(?: (?:of |the |de )?[A-Z][\w'’-]+)*", question[1:])
    return max((name.removesuffix("'s") for name in names), key=len, default="")
