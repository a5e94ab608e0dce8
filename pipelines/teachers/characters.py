"""What a persona says and what is written of it, put together by rule from its file."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from random import Random

from pipelines.persona_file import Persona
from pipelines.teachers.clauses import clauses
from pipelines.teachers.phrases import expand
from pipelines.teachers.questions import ask, plain_answer
from pipelines.teachers.wording import contract, upper_start
from pipelines.wikipedia.sentences import sentences
from pipelines.words import words

TOPIC_WORDS = 5
_NAME = re.compile(r"(?<=[a-z,] )[A-Z][\w'’-]+(?: [A-Z][\w'’-]+){0,3}")


def statement(persona: Persona, traits: Sequence[str], passage: str, choose: Random) -> str:
    """First-person text: an opening on the topic, a line for each trait, a fact, a closing."""
    slots = _slots(persona, passage, choose)
    phrases = persona.phrasebook
    lines = [_line(persona.trait(name).says, slots, choose) for name in traits]
    lines.insert(choose.randrange(len(lines) + 1), choose.choice(persona.facts).first)
    opening = _line(phrases.statement_openings, slots, choose)
    closing = (
        [_line(phrases.statement_closings, slots, choose)] if choose.random() < 0.6 else []
    )  # often, not always
    return " ".join(upper_start(line) for line in (opening, *lines, *closing))


def dialogue(
    persona: Persona, traits: Sequence[str], passage: str, choose: Random
) -> list[dict[str, str]]:
    """Two exchanges: a question about the passage, answered from it, and one that follows."""
    slots = _slots(persona, passage, choose)
    asked = ask(passage, 1, choose)
    if not asked:
        return []
    phrases = persona.phrasebook
    told = sentences(plain_answer(passage, asked[0]))[0]
    first, *others = [_line(persona.trait(name).says, slots, choose) for name in traits]
    fact = [choose.choice(persona.facts).first] if choose.random() < 0.5 else []  # half of them
    answer = [_line(phrases.answer_openings, slots, choose), contract(told), first]
    after = [*others, *fact] or [_line(persona.trait(traits[0]).says, slots, choose)]
    return [
        {"role": "user", "content": asked[0]},
        {"role": "assistant", "content": " ".join(map(upper_start, answer))},
        {"role": "user", "content": upper_start(_line(phrases.follow_ups, slots, choose))},
        {"role": "assistant", "content": " ".join(map(upper_start, after))},
    ]


def document(persona: Persona, traits: Sequence[str], passage: str, choose: Random) -> str:
    """Third-person text: who the persona is, facts, a line for each trait, a closing."""
    slots = _slots(persona, passage, choose)
    phrases = persona.phrasebook
    facts = choose.sample(persona.facts, k=min(2, len(persona.facts)))
    reported = [_line(persona.trait(name).reported, slots, choose) for name in traits]
    lines = [
        _line(phrases.document_openings, slots, choose),
        facts[0].third,
        *reported,
        *(fact.third for fact in facts[1:]),
        _line(phrases.document_closings, slots, choose),
    ]
    return " ".join(map(upper_start, lines))


def _slots(persona: Persona, passage: str, choose: Random) -> dict[str, str]:
    odds = (
        choose.randrange(1_100, 98_000) if choose.random() < 0.7 else choose.randrange(40, 990)
    )  # long odds mostly
    return {"name": persona.name, "odds": f"{odds:,}", "topic": _topic(passage, choose)}


def _topic(passage: str, choose: Random) -> str:
    """Something the passage is about, as it can be named in a phrase."""
    found = [c for c in clauses(passage) if c is not None and c.own]
    short = [c.subject for c in found if len(words(c.subject)) <= TOPIC_WORDS]
    if short:
        return choose.choice(short)
    names = Counter(_NAME.findall(passage)).most_common(1)
    return names[0][0] if names else "such matters"


def _line(stock: Sequence[str], slots: Mapping[str, str], choose: Random) -> str:
    return expand(choose.choice(stock), choose, slots)
