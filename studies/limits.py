"""What the values of a study's file may be, told before anything is made or paid for."""

from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

from studies.errors import StudyError
from trainer.precision import PrecisionName

T = TypeVar("T")
_AT_LEAST_ONE = ("sizes", "shots", "max_new_tokens", "batch_size")
_SEEDS = ("seed", "seeds")
_MOST_SEED = 2**32
_MAY_BE_EMPTY = ("questions", "choices", "open", "providers", "providers.sizes", "providers.seeds")
_MAY_REPEAT = ("questions",)
_MAY_BE_BLANK = ("questions", "general", "rewrite")


def within_limits(study: T, where: str) -> T:
    """What was read from a file, as it is; `where` names the file in errors.

    Raises `StudyError` if a number is too small or too large, a text is blank, a list is empty or
    names a value twice, or a precision is unknown.
    """
    for found, expected in _problems(study, ""):
        raise StudyError(f"found {found} in {where}, expected {expected}; correct the file")
    return study


def _problems(table: Any, path: str) -> Iterator[tuple[str, str]]:
    """What was found and what was expected, of a table and those in it."""
    for name in (field.name for field in fields(table)):
        value = getattr(table, name)
        if isinstance(value, tuple):
            yield from _of_list(f"{path}{name}", value)
        for one in value if isinstance(value, tuple) else (value,):
            if is_dataclass(one):
                yield from _problems(one, f"{path}{name}.")
            elif isinstance(one, str):
                yield from _of_text(name, f"{path}{name}", one)
            elif not isinstance(one, bool):
                yield from _of_number(name, f"{path}{name}", one)


def _of_list(path: str, values: Sequence[object]) -> Iterator[tuple[str, str]]:
    if not values and path not in _MAY_BE_EMPTY:
        yield f"an empty list for “{path}”", "one value at least"
    if len(set(values)) < len(values) and path not in _MAY_REPEAT:
        yield f"a value twice in “{path}”", "each once"


def _of_text(name: str, path: str, value: str) -> Iterator[tuple[str, str]]:
    if not value.strip() and name not in _MAY_BE_BLANK:
        yield f"a blank text for “{path}”", "words"
    if name == "precisions" and value not in tuple(PrecisionName):
        yield f"“{value}” for “{path}”", f"one of {', '.join(PrecisionName)}"


def _of_number(name: str, path: str, value: float) -> Iterator[tuple[str, str]]:
    least = 1 if name in _AT_LEAST_ONE else 0
    if value < least:
        yield f"{value} for “{path}”", f"{least} or more"
    if name in _SEEDS and value >= _MOST_SEED:
        yield f"{value} for “{path}”", f"less than {_MOST_SEED}"
