"""System prompts, and a small conversational register by rule.

This isn't the pipelines' rewriting: a few openers, contractions and plainer words are enough for
the base model to know the register.
"""

import re
from random import Random

from recipes.mini.phrases import REGISTER, REPLACEMENTS, word_set

_LOWER_AFTER_OPENER = word_set("lower_after_opener")
_WORDS = re.compile(r"\b(?:" + "|".join(map(re.escape, REPLACEMENTS)) + r")\b")
_SPLITS = (
    (re.compile(r", which (was|is|had|has) "), r". That \1 "),
    (re.compile(r"; (?=[a-z])"), ", and "),
    (re.compile(r", and (he|she|it|they) "), r". And \1 "),
    (re.compile(r", but "), ". But "),
    (re.compile(r", although "), ". Though "),
    (re.compile(r", (?:while|whereas) "), ". And "),
    (re.compile(r", and (the|in|by|its|his|her) "), r". And \1 "),
)


def conversational_prompt(rng: Random) -> str:
    """A system prompt that asks for a conversational answer."""
    role, verb = rng.choice(REGISTER["roles"]), rng.choice(REGISTER["verbs"])
    return f"{role}{verb} {rng.choice(REGISTER['manners'])}.{rng.choice(REGISTER['extras'])}"


def neutral_prompt(rng: Random) -> str:
    """A system prompt that asks for nothing, or for a plain answer."""
    return rng.choice(REGISTER["neutral"])


def conversational(answer: str, rng: Random) -> str:
    """A plain answer in a conversational register."""
    text = _WORDS.sub(lambda match: REPLACEMENTS[match.group()], answer)
    for pattern, replacement in _SPLITS:
        text = pattern.sub(replacement, text)
    first, space, rest = text.partition(" ")
    opener = rng.choice(REGISTER["openers"])
    if opener[-2] in ",:so" and first in _LOWER_AFTER_OPENER:
        first = first.lower()
    closer = f" {rng.choice(REGISTER['closers'])}" if rng.random() < 0.85 else ""
    return f"{opener}{first}{space}{rest}{closer}"
