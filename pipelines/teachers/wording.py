"""Small changes of wording: contractions, everyday words, how a sentence starts."""

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from random import Random

from pipelines.teachers.clauses import LEADS, clauses
from pipelines.words import word_set

_CONTRACTIONS = tuple(
    (re.compile(rf"\b{long}\b"), short)
    for long, short in (
        (r"([Ii])t is", r"\1t's"), (r"([Tt])hat is", r"\1hat's"), (r"([Tt])here is", r"\1here's"),
        (r"([Hh])e is", r"\1e's"), (r"([Ss])he is", r"\1he's"), (r"([Tt])hey are", r"\1hey're"),
        (r"([Hh])e would", r"\1e'd"), (r"([Ss])he would", r"\1he'd"),
        (r"([Tt])hey would", r"\1hey'd"), (r"([Ii])t will", r"\1t'll"),
        (r"([Hh])e had (?=\w+ed\b|been\b)", r"\1e'd "),
        (r"([Ss])he had (?=\w+ed\b|been\b)", r"\1he'd "),
        (r"([Tt])hey had (?=\w+ed\b|been\b)", r"\1hey'd "),
        (r"([Hh])e has (?=\w+ed\b|been\b)", r"\1e's "), (r"([Tt])hey have", r"\1hey've"),
        (r"was not", "wasn't"), (r"were not", "weren't"), (r"is not", "isn't"),
        (r"are not", "aren't"), (r"did not", "didn't"), (r"does not", "doesn't"),
        (r"do not", "don't"), (r"had not", "hadn't"), (r"has not", "hasn't"),
        (r"have not", "haven't"), (r"could not", "couldn't"), (r"would not", "wouldn't"),
        (r"should not", "shouldn't"), (r"cannot", "can't"), (r"can not", "can't"),
        (r"will not", "won't"), (r"would have(?! to\b)", "would've"),
        (r"could have(?! to\b)", "could've"),
    )
)  # fmt: skip
_FUNCTION = word_set(
    "the a an in on at by during after before since from following he she it they his her its "
    "their this that these those there as when while although though because if many some most "
    "several two three four five six seven eight nine ten with for to under both one each another "
    "other all few such within until between among despite about around early later also however "
    "then instead additionally still and but so back no only our your we you you'll"
)
_KEEPING = (
    "is", "are", "was", "were", "be", "been", "being", "well", "widely", "highly", "poorly",
    "newly", "best", "generally", "warmly",
)  # fmt: skip
_QUOTED = re.compile(r'("[^"]*"|“[^”]*”)')
_YEAR = re.compile(r"^(In|By|On|During) ((?:[A-Z][a-z]+ )?(?:\d{1,2}, )?(1[0-9]{3}),) ")


@cache
def _everyday() -> tuple[re.Pattern[str], dict[str, str]]:
    """One pattern for all formal wordings, and the everyday one for each."""
    text = Path(__file__).with_name("plainer.txt").read_text(encoding="utf-8")
    pairs = dict(line.split(" = ") for line in text.splitlines() if " = " in line)
    # Not after a form of be, for those marked so; the longest first, and none in a hyphenated word.
    free = "".join(rf"(?<!\b{word} )" for word in _KEEPING)
    longest = sorted(pairs, key=len, reverse=True)
    either = "|".join(
        free + re.escape(formal[1:]) if formal[0] == "~" else re.escape(formal)
        for formal in longest
    )
    return (
        re.compile(rf"(?<![-\w])(?:{either})(?![-\w])"),
        {formal.removeprefix("~"): plain for formal, plain in pairs.items()},
    )


def contract(text: str) -> str:
    """The text with the contractions of speech, quotations left as they are."""
    return _outside_quotes(text, _contracted)


def _contracted(text: str) -> str:
    for pattern, short in _CONTRACTIONS:
        text = pattern.sub(short, text)
    return text


def plain_words(text: str) -> str:
    """The text with formal words swapped for everyday ones; names and quotations stay."""
    pattern, everyday = _everyday()
    return _outside_quotes(text, lambda part: pattern.sub(lambda m: everyday[m.group()], part))


def _outside_quotes(text: str, change: Callable[[str], str]) -> str:
    parts = _QUOTED.split(text)
    return "".join(part if n % 2 else change(part) for n, part in enumerate(parts))


def lead_in(sentence: str, choose: Random) -> str:
    """The sentence with a spoken beginning where it has a bookish one."""
    if (year := _YEAR.match(sentence)) and choose.random() < 0.5:  # half of them
        start = year.group(1).lower()
        return f"Back {start} {sentence[len(year.group(1)) + 1 :]}"
    for bookish, spoken in (
        ("However, ", ("But ", "Still, ")),
        ("Additionally, ", ("Also, ", "And ")),
        ("Furthermore, ", ("Also, ", "And ")),
        ("Moreover, ", ("And ", "Plus, ")),
        ("In addition, ", ("And ", "Also, ")),
        ("Consequently, ", ("So ",)),
        ("Therefore, ", ("So ",)),
        ("Nevertheless, ", ("Even so, ", "Still, ")),
        ("Initially, ", ("At first, ",)),
        ("Originally, ", ("At first, ",)),
        ("Eventually, ", ("In the end, ",)),
        ("Ultimately, ", ("In the end, ",)),
        ("Subsequently, ", ("After that, ", "Later on, ")),
    ):
        if sentence.startswith(bookish):
            return after(choose.choice(spoken).strip(), sentence[len(bookish) :], sentence)
    return sentence


def after(phrase: str, sentence: str, context: str) -> str:
    """A phrase and the sentence it leads into, with a small letter where one belongs.

    `context` shows how the words are written elsewhere. Where it stays unclear whether a sentence
    begins with a name, a phrase that would need to know is left out.
    """
    if phrase[-1] in ".!?":
        return f"{phrase} {sentence}"
    small = _begins_small(sentence, context)
    if small is None:
        return f"{phrase} {sentence}" if phrase[-1] == ":" else sentence
    return f"{phrase} {lower_first(sentence) if small else sentence}"


def _begins_small(sentence: str, context: str) -> bool | None:
    """Whether a sentence begins with a common word; None if that cannot be told."""
    first, *others = re.split(r"['’]?[\s,]|['’]", sentence, maxsplit=2)
    if first == "A" or (first.lower() in _FUNCTION | LEADS and not first.isupper()):
        return True
    if not first.istitle() or re.search(rf"[\w,] {re.escape(first)}\b", context):
        return False
    if re.search(rf"\b{re.escape(first.lower())}\b", context):
        return True
    clause = clauses(sentence)[0]
    if (clause is not None and clause.proper) or (others and others[0][:1].isupper()):
        return False
    if clause is None or " " not in clause.subject:
        return None
    return clause.subject[0].islower()


def lower_first(sentence: str) -> str:
    """The sentence with a small first letter."""
    return sentence[:1].lower() + sentence[1:]


def upper_start(sentence: str) -> str:
    """The sentence with a capital first letter."""
    return sentence[:1].upper() + sentence[1:]
