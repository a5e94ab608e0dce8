"""Render mathematical formulas (TeX) as text if they are simple enough to read on one line."""

import re

from pipelines.text.words import load_lexicon
from pipelines.wikipedia.wikitext.markers import FORMULA
from pipelines.wikipedia.wikitext.numbers import subscript, superscript

_COMMANDS: dict[str, str] = load_lexicon(__name__).commands
_SPACING = re.compile(r"\\(?:[,;:! ]|quad\b|qquad\b|displaystyle\b|textstyle\b|scriptstyle\b|,)|~")
_FONT = re.compile(
    r"\\(?:mathrm|mathbf|mathit|mathcal|mathbb|text|textrm|textbf|textit|rm|bf|operatorname|mbox"
    r"|boldsymbol|mathsf|hbox)\s*\{([^{}]*)\}"
)
_COMMAND = re.compile(r"\\([A-Za-z]+)\s*")
_SUPERSCRIPT = re.compile(r"\^(?:\{([^{}]*)\}|(\w))")
_SUBSCRIPT = re.compile(r"_(?:\{([^{}]*)\}|(\w))")
_MAX_CHARACTERS = 60
_CHEMICAL = re.compile(r"(?:\d+ )?[A-Za-z0-9()\[\]]+(?: \+ [A-Za-z0-9()\[\] ]+)*\Z")
_ATOMS = re.compile(r"(?<=[A-Za-z)\]])\d+")
_PLAIN = re.compile(r"[^\\{}^_&]+\Z")


def render_formula(source: str) -> str:
    """Render a TeX formula as text, or return `FORMULA` if it doesn't fit on one line."""
    text = _FONT.sub(r"\1", _SPACING.sub(" ", source.strip()))
    text = _COMMAND.sub(lambda m: _COMMANDS.get(m.group(1), m.group()), text)
    text = _SUPERSCRIPT.sub(_render_power, text)
    text = _SUBSCRIPT.sub(lambda m: subscript(m.group(1) or m.group(2) or ""), text)
    text = " ".join(text.split())
    return text if _PLAIN.match(text) and len(text) <= _MAX_CHARACTERS else FORMULA


def render_chemistry(source: str) -> str:
    """Render a chemical formula such as `H2O`, or return `FORMULA` if it has charges or arrows."""
    text = " ".join(source.split())
    is_plain = _CHEMICAL.match(text) and len(text) <= _MAX_CHARACTERS
    return _ATOMS.sub(lambda m: subscript(m.group()), text) if is_plain else FORMULA


def _render_power(match: re.Match[str]) -> str:
    """Render a power in superscript characters, or keep its TeX so that the formula is rejected."""
    inner = match.group(1) or match.group(2) or ""
    power = superscript(inner)
    return power if power != inner else match.group()
