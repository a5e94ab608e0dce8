"""Phrases with choices in them: `{Sure|Of course}, {here goes|it's this}.`, and named slots.

A phrase holds literal text, choices in braces (alternatives split by bars, which may nest) and
slots, braces around one lower-case name that the caller fills: `{topic}`.
"""

import re
from collections.abc import Collection, Mapping
from random import Random

_INNERMOST = re.compile(r"\{([^{}]*)\}")
_SLOT = re.compile(r"[a-z_]+")


def expand(phrase: str, choose: Random, slots: Mapping[str, str]) -> str:
    """The phrase with every choice made and every slot filled, its spaces set right.

    Raises `KeyError` if the phrase has a slot that is not filled.
    """
    given = {name: re.sub(r"[{}|]", "", text) for name, text in slots.items()}
    while found := _INNERMOST.search(phrase):
        inner = found.group(1)
        options = inner.split("|")
        text = given[inner] if _is_slot(inner) else choose.choice(options)
        phrase = phrase[: found.start()] + text + phrase[found.end() :]
    return re.sub(r"\s+([,.!?;:])", r"\1", " ".join(phrase.split()))


def slots_of(phrase: str) -> set[str]:
    """The names of the slots a phrase has."""
    return {name for name in re.findall(r"\{([^{}|]*)\}", phrase) if _is_slot(name)}


def faults(phrase: str, known: Collection[str]) -> list[str]:
    """What is wrong with a phrase, in sentences: braces that do not close, unknown slots."""
    depth = 0
    for mark in re.findall(r"[{}]", phrase):
        depth += 1 if mark == "{" else -1
        if depth < 0:
            break
    if depth:
        return [f"the braces of “{phrase}” do not match: close each one"]
    if _has_lone_choice(phrase):
        return [f"“{phrase}” has braces around a single choice: take them away"]
    return [
        f"“{phrase}” has the unknown slot {{{slot}}}: there is {', '.join(sorted(known))}"
        for slot in sorted(slots_of(phrase) - set(known))
    ]


def _has_lone_choice(phrase: str) -> bool:
    """Whether some braces hold no choice and no slot: what is chosen inside would pass for one."""
    while found := _INNERMOST.search(phrase):
        if "|" not in found.group(1) and not _is_slot(found.group(1)):
            return True
        phrase = f"{phrase[: found.start()]}…{phrase[found.end() :]}"
    return False


def _is_slot(inner: str) -> bool:
    return _SLOT.fullmatch(inner) is not None
