"""Expand phrases with choices and slots, such as `{Sure|Of course}, that's {topic}`.

Braces contain either alternatives, separated by vertical bars, or the name of a slot (in lower
case), which the caller fills. Alternatives can be nested.
"""

import re
from collections.abc import Collection, Mapping
from random import Random

_INNERMOST = re.compile(r"\{([^{}]*)\}")
_SLOT = re.compile(r"[a-z_]+")


def expand(phrase: str, rng: Random, slots: Mapping[str, str]) -> str:
    """Choose alternatives, fill all slots and clean up spaces.

    Raises `KeyError` if a slot has no value.
    """
    values = {name: re.sub(r"[{}|]", "", text) for name, text in slots.items()}
    while match := _INNERMOST.search(phrase):
        inner = match.group(1)
        text = values[inner] if _is_slot(inner) else rng.choice(inner.split("|"))
        phrase = phrase[: match.start()] + text + phrase[match.end() :]
    return re.sub(r"\s+([,.!?;:])", r"\1", " ".join(phrase.split()))


def slots_of(phrase: str) -> set[str]:
    """Return the names of the slots in a phrase."""
    return {name for name in re.findall(r"\{([^{}|]*)\}", phrase) if _is_slot(name)}


def check_phrase(phrase: str, slots: Collection[str]) -> str:
    """Check a phrase and return it.

    Raises `ValueError` if braces don't match or a slot is unknown.
    """
    depth = 0
    for brace in re.findall(r"[{}]", phrase):
        depth += 1 if brace == "{" else -1
        if depth < 0:
            break
    if depth:
        raise ValueError(f"the braces in “{phrase}” don't match; close each one")
    if _has_single_choice(phrase):
        raise ValueError(f"“{phrase}” has braces around a single alternative; remove the braces")
    for slot in sorted(slots_of(phrase) - set(slots)):
        choices = ", ".join(sorted(slots))
        raise ValueError(f"“{phrase}” has the unknown slot {{{slot}}}; use one of {choices}")
    return phrase


def _has_single_choice(phrase: str) -> bool:
    """Return whether any braces contain neither alternatives nor a slot.

    Nested braces are checked from the inside out.
    """
    while match := _INNERMOST.search(phrase):
        if "|" not in match.group(1) and not _is_slot(match.group(1)):
            return True
        phrase = f"{phrase[: match.start()]}…{phrase[match.end() :]}"
    return False


def _is_slot(inner: str) -> bool:
    return _SLOT.fullmatch(inner) is not None
