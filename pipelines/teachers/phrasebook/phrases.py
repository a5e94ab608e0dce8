"""Phrases with choices and slots, such as `{Sure|Of course}, that's {topic}`.

Braces contain either alternatives separated by bars, which can be nested, or the lower-case name
of a slot that the caller fills.
"""

import re
from collections.abc import Collection, Mapping
from random import Random

_INNERMOST = re.compile(r"\{([^{}]*)\}")
_SLOT = re.compile(r"[a-z_]+")


def expand(phrase: str, rng: Random, slots: Mapping[str, str]) -> str:
    """Make every choice, fill every slot and clean up the spaces.

    Raises `KeyError` if a slot of the phrase isn't filled.
    """
    values = {name: re.sub(r"[{}|]", "", text) for name, text in slots.items()}
    while match := _INNERMOST.search(phrase):
        inner = match.group(1)
        text = values[inner] if _is_slot(inner) else rng.choice(inner.split("|"))
        phrase = phrase[: match.start()] + text + phrase[match.end() :]
    return re.sub(r"\s+([,.!?;:])", r"\1", " ".join(phrase.split()))


def slots_of(phrase: str) -> set[str]:
    """The names of the slots of a phrase."""
    return {name for name in re.findall(r"\{([^{}|]*)\}", phrase) if _is_slot(name)}


def phrase_errors(phrase: str, slots: Collection[str]) -> list[str]:
    """What's wrong with a phrase, as sentences: unmatched braces, unknown slots."""
    depth = 0
    for brace in re.findall(r"[{}]", phrase):
        depth += 1 if brace == "{" else -1
        if depth < 0:
            break
    if depth:
        return [f"the braces of “{phrase}” don't match; close each one"]
    if _has_single_choice(phrase):
        return [f"“{phrase}” has braces around a single choice; remove them"]
    return [
        f"“{phrase}” has the unknown slot {{{slot}}}; choose from {', '.join(sorted(slots))}"
        for slot in sorted(slots_of(phrase) - set(slots))
    ]


def _has_single_choice(phrase: str) -> bool:
    """Whether some braces hold neither a choice nor a slot; a nested choice could look like one."""
    while match := _INNERMOST.search(phrase):
        if "|" not in match.group(1) and not _is_slot(match.group(1)):
            return True
        phrase = f"{phrase[: match.start()]}…{phrase[match.end() :]}"
    return False


def _is_slot(inner: str) -> bool:
    return _SLOT.fullmatch(inner) is not None
