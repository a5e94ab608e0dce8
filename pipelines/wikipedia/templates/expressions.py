"""Evaluate the expressions of `{{#expr: …}}`: numbers, arithmetic and comparisons.

See https://www.mediawiki.org/wiki/Help:Extension:ParserFunctions#expr.
"""

import math
import operator
import re
from collections.abc import Callable

_TOKEN = re.compile(r"\s*(\d+(?:\.\d*)?|\.\d+|<>|<=|>=|!=|[-+*/^()=<>−]|[a-z]+)", re.I)
_MAX_CHARACTERS = 200
_MAX_VALUE = 1e15


def _round(value: float, digits: float) -> float:
    """Round half away from zero, as PHP does."""
    factor = 10.0 ** int(digits)
    return math.copysign(math.floor(abs(value) * factor + 0.5) / factor, value)


# The binary operators, in order of increasing precedence.
_LEVELS: list[dict[str, Callable[[float, float], float]]] = [
    {"or": lambda a, b: float(bool(a or b))},
    {"and": lambda a, b: float(bool(a and b))},
    {
        **{"=": operator.eq, "<>": operator.ne, "!=": operator.ne},
        **{"<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge},
    },
    {"round": _round},
    {"+": operator.add, "-": operator.sub},
    {"*": operator.mul, "/": operator.truediv, "div": operator.truediv, "mod": math.fmod},
    {"^": math.pow},
]
_UNARY: dict[str, Callable[[float], float]] = {
    **{"-": operator.neg, "+": operator.pos, "not": lambda a: float(not a)},
    **{"abs": abs, "floor": math.floor, "ceil": math.ceil, "trunc": math.trunc},
}


def evaluate(expression: str) -> float | None:
    """Evaluate an expression, or return None if it isn't valid or its value is too large."""
    tokens = _tokenize(expression)
    try:
        value = _binary(tokens, 0) if tokens else math.nan
    except (ValueError, ZeroDivisionError, OverflowError, IndexError, RecursionError):
        return None
    return value if not tokens and abs(value) < _MAX_VALUE else None


def show_number(value: float) -> str:
    """Format a value as MediaWiki does: integers without a decimal point, others with 14 digits."""
    return str(int(value)) if value == int(value) else f"{value:.14g}"


def _tokenize(expression: str) -> list[str]:
    """Return the tokens in reverse order, so that the next token can be popped from the end."""
    text = expression.strip().replace("−", "-").lower()
    tokens = [match.group(1) for match in _TOKEN.finditer(text)]
    is_complete = "".join(tokens) == re.sub(r"\s+", "", text) and len(text) <= _MAX_CHARACTERS
    return tokens[::-1] if is_complete else []


def _binary(tokens: list[str], level: int) -> float:
    if level == len(_LEVELS):
        return _operand(tokens)
    value = _binary(tokens, level + 1)
    while tokens and tokens[-1] in _LEVELS[level]:
        apply = _LEVELS[level][tokens.pop()]
        value = float(apply(value, _binary(tokens, level + 1)))
    return value


def _operand(tokens: list[str]) -> float:
    symbol = tokens.pop()
    if symbol in _UNARY:
        return float(_UNARY[symbol](_operand(tokens)))
    if symbol != "(":
        return {"pi": math.pi, "e": math.e}[symbol] if symbol in {"pi", "e"} else float(symbol)
    value = _binary(tokens, 0)
    if tokens.pop() != ")":
        raise ValueError
    return value
