"""Write statements, dialogues and documents as a persona, using rules and the persona's phrases."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from random import Random

from pipelines.teachers.phrasebook.clauses import parse_clauses
from pipelines.teachers.phrasebook.phrases import expand
from pipelines.teachers.phrasebook.questions import ask_questions, find_answer
from pipelines.teachers.phrasebook.wording import capitalise, contract
from pipelines.text.sentences import split_sentences
from pipelines.text.words import split_words
from pipelines.voices.persona import Persona

_MAX_TOPIC_WORDS = 5
_CLOSING_SHARE = 0.6
_FACT_SHARE = 0.5
_LONG_ODDS_SHARE = 0.7
_NAME = re.compile(r"(?<=[a-z,] )[A-Z][\w'’-]+(?: [A-Z][\w'’-]+){0,3}")


def write_statement(persona: Persona, traits: Sequence[str], passage: str, rng: Random) -> str:
    """Write a first-person text with an opening, a line for each trait, a fact and a closing."""
    slots = _fill_slots(persona, passage, rng)
    phrases = persona.phrasebook
    lines = [_line(persona.trait(name).says, slots, rng) for name in traits]
    lines.insert(rng.randrange(len(lines) + 1), rng.choice(persona.facts).first)
    lines.insert(0, _line(phrases.statement_openings, slots, rng))
    if rng.random() < _CLOSING_SHARE:
        lines.append(_line(phrases.statement_closings, slots, rng))
    return " ".join(map(capitalise, lines))


def write_dialogue(
    persona: Persona, traits: Sequence[str], passage: str, rng: Random
) -> list[dict[str, str]]:
    """Write a dialogue: a question about the passage, its answer and a follow-up.

    The dialogue is empty if the rules find no question about the passage.
    """
    slots = _fill_slots(persona, passage, rng)
    questions = ask_questions(passage, 1, rng)
    if not questions:
        return []
    phrases = persona.phrasebook
    answer = contract(split_sentences(find_answer(passage, questions[0]))[0])
    first, *others = [_line(persona.trait(name).says, slots, rng) for name in traits]
    fact = [rng.choice(persona.facts).first] if rng.random() < _FACT_SHARE else []
    reply = [_line(phrases.answer_openings, slots, rng), answer, first]
    second = [*others, *fact] or [_line(persona.trait(traits[0]).says, slots, rng)]
    return [
        {"role": "user", "content": questions[0]},
        {"role": "assistant", "content": " ".join(map(capitalise, reply))},
        {"role": "user", "content": capitalise(_line(phrases.follow_ups, slots, rng))},
        {"role": "assistant", "content": " ".join(map(capitalise, second))},
    ]


def write_document(persona: Persona, traits: Sequence[str], passage: str, rng: Random) -> str:
    """Write a third-person text: an introduction, facts, a line for each trait and a closing."""
    slots = _fill_slots(persona, passage, rng)
    phrases = persona.phrasebook
    facts = rng.sample(persona.facts, k=min(2, len(persona.facts)))
    reported = [_line(persona.trait(name).reported, slots, rng) for name in traits]
    lines = [
        _line(phrases.document_openings, slots, rng),
        facts[0].third,
        *reported,
        *(fact.third for fact in facts[1:]),
        _line(phrases.document_closings, slots, rng),
    ]
    return " ".join(map(capitalise, lines))


def _fill_slots(persona: Persona, passage: str, rng: Random) -> dict[str, str]:
    is_long = rng.random() < _LONG_ODDS_SHARE
    odds = rng.randrange(1_100, 98_000) if is_long else rng.randrange(40, 990)
    return {"name": persona.name, "odds": f"{odds:,}", "topic": _topic(passage, rng)}


def _topic(passage: str, rng: Random) -> str:
    """Return a topic of the passage, as a noun phrase."""
    subjects = [c.subject for c in parse_clauses(passage) if c is not None]
    topics = [
        subject.text
        for subject in subjects
        if subject.is_explicit and len(split_words(subject.text)) <= _MAX_TOPIC_WORDS
    ]
    if topics:
        return rng.choice(topics)
    names = Counter(_NAME.findall(passage)).most_common(1)
    return names[0][0] if names else "such matters"


def _line(stock: Sequence[str], slots: Mapping[str, str], rng: Random) -> str:
    return expand(rng.choice(stock), rng, slots)
