"""Parse TOML files into typed objects, and report all problems in a file at once."""

import json
import tomllib
from collections.abc import Hashable, Iterator
from dataclasses import is_dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, TypeVar, cast, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from pipelines.text import files
from timbre.settings import SettingsError

T = TypeVar("T")
CONFIGS = Path(__file__).parents[1] / "configs"
_LARGEST = 2**53
"""Many JSON parsers can't represent larger whole numbers exactly."""
_SUFFIXES = (".toml", ".json", ".jsonl", ".txt", ".gz")
"""The suffixes of configuration files; all except `.toml` are for personas in other formats."""

_EXPECTED = {
    "greater_than_equal": "{ge} or more",
    "greater_than": "more than {gt}",
    "less_than_equal": "{le} or less",
    "less_than": "less than {lt}",
    "literal_error": "one of {expected}",
    "enum": "one of {expected}",
    "string_type": "text in quotes",
    "string_pattern_mismatch": "text that isn't blank",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "tuple_type": "a list in square brackets",
    "too_short": "a list of {min_length} or more values",
    "too_long": "a list of {max_length} or fewer values",
}
"""A description of the value that pydantic expected, for each type of error."""


class ConfigError(SettingsError):
    """Raised for an invalid configuration file; `problems` describes each problem in a sentence."""

    def __init__(self, file: str, problems: list[str]) -> None:
        """Create an error that lists all problems of a file."""
        self.file, self.problems = file, tuple(problems)
        if len(problems) == 1:
            super().__init__(f"{file}: {problems[0]}")
        else:
            lines = "".join(f"\n  {problem}" for problem in problems)
            super().__init__(f"{file} has {len(problems)} problems:{lines}")


def config_file(folder: str, name: Path | str) -> Path:
    """Return the file at a path, or the shipped file `configs/FOLDER/NAME.toml`.

    `name` can also be a folder that `timbre init` created, which contains the tone, persona or
    campaign file. Raises `SettingsError` if the name matches neither a file nor a shipped
    configuration.
    """
    path = Path(name)
    if path.suffix in _SUFFIXES and path.is_file():
        return path
    if name and (own := path / f"{folder.removesuffix('s')}.toml").is_file():
        return own
    shipped = CONFIGS / folder / f"{name}.toml"
    if name and shipped.is_file():
        return shipped
    names = sorted(p.stem for p in (CONFIGS / folder).glob("*.toml"))
    close = get_close_matches(str(name), names, 1)
    hint = f"Did you mean “{close[0]}”?" if close else f"configs/{folder} has {', '.join(names)}."
    raise SettingsError(
        f"“{name}” is neither a file nor a configuration in configs/{folder}. {hint}"
    )


def read_config(kind: type[T], path: Path) -> T:
    """Parse a TOML file into a pydantic dataclass, whose fields are the allowed keys.

    Raises `ConfigError` if the file can't be read, isn't TOML, lacks a required key, or contains an
    unknown key or an invalid value.
    """
    try:
        data = tomllib.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise ConfigError(str(path), [f"it isn't valid TOML ({error})."]) from error
    return parse_config(kind, data, str(path))


def read_text(path: Path) -> str:
    """Read the text of a configuration file.

    Raises `ConfigError` if the file can't be read or is neither UTF-8 nor UTF-16.
    """
    try:
        return files.read_text(path)
    except UnicodeError as error:
        problem = "it is neither UTF-8 nor UTF-16 text. Save it as UTF-8."
        raise ConfigError(str(path), [problem]) from error
    except files.UNREADABLE as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise ConfigError(str(path), [f"it can't be read ({reason}). Check the file."]) from error


def parse_config(kind: type[T], data: dict[str, Any], file: str) -> T:
    """Build a pydantic dataclass from plain values; `file` is the file name for error messages.

    Raises `ConfigError` with a list of all problems in the values.
    """
    problems = list(_unusable(data, ""))
    if not problems:
        try:
            text = json.dumps(data, default=str)
            config: T = _adapter(cast("Hashable", kind)).validate_json(text, strict=True)
            return config
        except ValidationError as error:
            problems = [_problem(kind, details) for details in error.errors()]
    raise ConfigError(file, list(dict.fromkeys(problems)))


@cache
def _adapter(kind: Hashable) -> TypeAdapter[Any]:
    return TypeAdapter(cast("type[Any]", kind))


def _unusable(value: Any, key: str) -> Iterator[str]:
    """Yield a sentence for each value that a database or JSON can't store."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _unusable(inner, f"{key}.{name}" if key else name)
    elif isinstance(value, list):
        for number, inner in enumerate(value, 1):
            yield from _unusable(inner, f"{key}[{number}]")
    elif isinstance(value, str) and ("\0" in value or not _is_unicode(value)):
        yield f"`{key}` contains NUL or an unpaired surrogate, which databases reject. Remove it."
    elif isinstance(value, (int, float)) and not abs(value) < _LARGEST:
        yield f"`{key}` is {value}, which JSON can't represent. Choose a number closer to 0."


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _problem(kind: type[Any], details: ErrorDetails) -> str:
    """Format a validation error as a sentence with the key, the problem and the allowed values."""
    location = list(details["loc"])
    key = _key(location)
    context = details.get("ctx", {})
    value = json.dumps(details["input"], ensure_ascii=False, default=str)
    shown = value if len(value) <= 60 else f"{value[:57]}…"
    match details["type"]:
        case "missing" | "missing_argument":
            field = _fields(_owner(kind, location[:-1])).get(str(location[-1]))
            meaning = (
                f" It should contain {_lower(field.description)}"
                if field and field.description
                else ""
            )
            return f"`{key}` is missing.{meaning}"
        case "unexpected_keyword_argument" | "extra_forbidden":
            return _unknown_key(key, str(location[-1]), _fields(_owner(kind, location[:-1])))
        case "value_error":
            message = str(context["error"])
            return f"`{key}`: {message}." if key else f"{message[:1].upper()}{message[1:]}."
        case "dataclass_type":
            return f"`{key}` is {shown}, but must be a table with keys of its own."
    return f"`{key}` is {shown}, but must be {_expected(details['type'], context)}."


def _expected(kind: str, context: dict[str, Any]) -> str:
    """Describe the value that pydantic expected."""
    if kind == "string_pattern_mismatch" and context["pattern"] != r"\S":
        return f"text that matches {context['pattern']}"
    values = {name: str(value).replace("'", "") for name, value in context.items()}
    return _EXPECTED.get(kind, kind.replace("_", " ")).format(**values)


def _unknown_key(key: str, name: str, fields: dict[str, FieldInfo]) -> str:
    close = get_close_matches(name, fields, 1)
    hint = f" Did you mean `{close[0]}`?" if close else ""
    return f"`{key}` isn't a valid key.{hint} The allowed keys are {', '.join(fields)}."


def _key(location: list[int | str]) -> str:
    """Format a pydantic location as a key: `scale.anchors[2].value`, counting from 1."""
    key = ""
    for part in location:
        key += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if key else part
    return key


def _owner(kind: Any, location: list[int | str]) -> Any:
    """Return the dataclass at a pydantic location, starting from the dataclass `kind`."""
    for part in location:
        if not isinstance(part, int):
            kind = _dataclass_in(get_type_hints(kind).get(part))
    return kind


def _dataclass_in(hint: Any) -> Any:
    """Return the dataclass in a type such as `tuple[X, ...]` or `X | None`, if it contains one."""
    if is_dataclass(hint):
        return hint
    inner = get_args(hint)[:1] if get_origin(hint) is Annotated else get_args(hint)
    options = (_dataclass_in(option) for option in inner if option not in (NoneType, Ellipsis))
    return next((option for option in options if option), None)


def _fields(kind: Any) -> dict[str, FieldInfo]:
    return dict(getattr(kind, "__pydantic_fields__", {}))


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
