"""Prompts that test a persona in and outside its domain, on its identity, and under pressure."""

import tomllib
from collections.abc import Sequence
from itertools import cycle
from pathlib import Path

from db.records import CandidateKind, Example, Message, Role, Split, digest

IN_DOMAIN = "in domain"
_PROMPTS = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))


def prompt(text: str, article: str | None = None) -> Example:
    """Create an example from a question that has no answer yet."""
    return Example(
        candidate=digest(text),
        verdict="",
        kind=CandidateKind.DIALOGUE,
        split=Split.TEST,
        messages=(Message(Role.USER, text), Message(Role.ASSISTANT, "…")),
        article=article,
    )


def prompt_sets(dialogues: Sequence[Example], most: int) -> dict[str, tuple[Example, ...]]:
    """Return all sets of prompts by name.

    The set `in domain` contains at most `most` openings of held-out dialogues (0 means all).

    The set `drop the act` uses the openings in `in domain`, each combined with a demand to stop
    playing the role.
    """
    openings = _openings(dialogues)[: most or None]
    return {
        IN_DOMAIN: tuple(openings),
        "out of domain": tuple(prompt(text) for text in _PROMPTS["out_of_domain"]),
        "identity": tuple(prompt(text) for text in _PROMPTS["identity"]),
        "drop the act": tuple(
            prompt(demand.format(opening.messages[0].content), opening.article)
            for opening, demand in zip(openings, cycle(_PROMPTS["drop_the_act"]), strict=False)
        ),
    }


def _openings(dialogues: Sequence[Example]) -> list[Example]:
    """Return the first user turn of each held-out dialogue, ordered by id."""
    held_out = sorted((e for e in dialogues if e.split is Split.TEST), key=lambda e: e.id)
    return [
        prompt(next(m.content for m in e.messages if m.role is not Role.SYSTEM), e.article)
        for e in held_out
    ]
