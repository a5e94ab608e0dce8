"""Long sentences cut at their clauses into short ones, each able to stand alone.

A cut is made only where a rule knows how the second part goes on as a sentence; every word is
kept but the one that joined the two.
"""

import re
from random import Random

from pipelines.teachers.continuations import continued
from pipelines.teachers.verbs import is_finite
from pipelines.words import words

LEAST = 4
_JOIN = re.compile(
    r"; (?:however, |therefore, )?|, (?:(?P<word>and|but|while|although|though|whereas|so|because"
    r"|which|who|where|when|including|such as) )?| (?P<tight>and) (?=[a-z])"
)
_DEPENDENT = re.compile(
    r"(?:After|Before|When|While|Although|Though|Because|If|Since|As|Once|Despite|With)\b[^,]*$"
)


def split(sentence: str, choose: Random) -> list[str]:
    """The sentence as one or more; a part that could not stand alone stays where it is."""
    done: list[str] = []
    rest = sentence
    while found := _cut(rest, choose):
        before, rest = found
        done.append(before)
    return [*done, rest]


def _cut(text: str, choose: Random) -> tuple[str, str] | None:
    """The text cut at the first place where both sides stand, as two sentences."""
    for join in _JOIN.finditer(text):
        before, after = text[: join.start()], text[join.end() :]
        if not _could_stand(before, after):
            continue
        word = join["word"] or (";" if join.group()[0] == ";" else "tight" if join["tight"] else "")
        if second := continued(before, after, word, choose):
            return before + ".", second
    return None


def _could_stand(before: str, after: str) -> bool:
    """Whether both sides are long enough, the first has a verb, and no quotation is cut through."""
    return (
        len(words(before)) >= LEAST
        and len(words(after)) >= LEAST - 1
        and any(is_finite(word) for word in words(before)[1:])
        and before.count('"') % 2 == 0
        and before.count("“") == before.count("”")
        and before.count("(") == before.count(")")
        and not _DEPENDENT.match(before)
    )
