"""The questions a person could ask about a sentence, given how it begins."""

import re

from pipelines.teachers.clauses import Clause
from pipelines.teachers.verbs import BE, by_past, by_present, participles
from pipelines.words import word_set

_PREPOSITIONS = word_set(
    "in on at near from between to into through across over under along within by with for of "
    "around about as against during after before since until out up down off away back"
)
_DETERMINERS = word_set(
    "a an the one two three four five six seven eight nine ten eleven twelve twenty several many "
    "some no numerous his her its their this that these those both more most less few only any "
    "all another each every about over nearly approximately"
)
_PERSON = re.compile(
    r"\b(?:\w+(?:ist|ian|wright)|writer|player|footballer|politician|king|queen|actor|actress|"
    r"singer|author|poet|painter|officer|general|emperor|lawyer|engineer|composer|director|"
    r"producer|philosopher|priest|bishop|soldier|leader|president|minister|coach|wrestler|boxer|"
    r"architect|explorer|teacher|professor|rapper|cricketer|driver|jockey|pirate|nurse|editor|"
    r"photographer|astronaut|midfielder|defender|goalkeeper|striker|pitcher|quarterback|artist|"
    r"biologist|physician|judge|historian|mathematician|naturalist|chemist|critic|activist|admiral|duke|earl|prince|princess|saint|pope|monk|spy)\b"
)
_BETWEEN = word_set("also not then later first still often both since soon now once")
_IN_LY = word_set("lonely friendly likely early only deadly costly elderly ugly lively daily ally")
_PAIRS = frozenset({("at", "first"), ("at", "last"), ("at", "present"), ("in", "fact")})
_MADE = word_set("built constructed formed created produced recorded written made discovered")
_SPECIAL = word_set("first only largest smallest oldest highest longest best most last tallest")
_WHEN = word_set(
    "built constructed founded established formed opened released published completed created "
    "introduced launched recorded written produced filmed signed elected appointed discovered "
    "demolished abandoned designed invented dissolved dedicated ordered commissioned renamed "
    "restored rebuilt closed started laid adopted announced"
)
_WHERE = word_set("located situated based held buried raised educated")
_SEEN = word_set(
    "considered regarded described viewed praised criticized criticised received seen rated "
    "reviewed treated remembered"
)
_FATE = word_set(
    "killed injured wounded captured arrested defeated sunk damaged hit lost destroyed removed "
    "replaced sold moved withdrawn cancelled dropped"
)
_SAID = word_set("reported said made done issued estimated found put drawn named called given used")
_GOING = word_set(
    "move go travel return flee sail live settle study work serve land flow lie stand reside fly "
    "march retreat walk escape arrive stay nest occur"
)
_PLACES = word_set("in to at on near from into through between within along across off")
_STARTING = word_set("begin start end open close happen debut launch leave last die occur")
_BECOMING = word_set("grow change rise fall improve increase decline develop respond react feel")
_COMPLEMENT = {
    "consist": "consist of", "depend": "depend on", "refer": "refer to", "focus": "focus on",
    "deal": "deal with", "participate": "take part in", "contribute": "contribute to",
    "comment": "comment on", "struggle": "struggle with", "graduate": "graduate from",
}  # fmt: skip
_PEOPLE = {"marry": "marry", "meet": "meet", "succeed": "succeed"}
_DATE = re.compile(
    r"\b(?:in|on|by|since|until|from|during) (?:the (?:spring|summer|autumn|winter|fall) of |"
    r"(?:early |late )?(?:\d{1,2} )?[A-Z][a-z]+ )?(?:\d{1,2},? )?\d{4}\b"
)
_COMPLEMENTED = word_set("of to with about that for by from on at as than among")
_PASSIVES = {
    ("known", "for"): "What {v} {s} known for?", ("known", "as"): "What {v} {s} known as?",
    ("named", "after"): "What {v} {s} named after?", ("used", "to"): "What {v} {s} used for?",
    ("used", "for"): "What {v} {s} used for?", ("used", "as"): "What {v} {s} used as?",
    ("made", "of"): "What {v} {s} made of?", ("inspired", "by"): "What {v} {s} inspired by?",
    ("influenced", "by"): "What {v} {s} influenced by?",
    ("based", "on"): "What {v} {s} based on?", ("made", "up"): "What {v} {s} made up of?",
}  # fmt: skip
_GENERAL = (
    "What can you tell me about {s}?",
    "Could you tell me a bit about {s}?",
    "What should I know about {s}?",
    "What do we know about {s}?",
    "What's the story with {s}?",
    "Can you tell me something about {s}?",
    "What's interesting about {s}?",
    "Do you know anything about {s}?",
)


def questions(clause: Clause) -> tuple[list[str], list[str]]:
    """The questions that fit this sentence closely, and those that fit its subject."""
    s = clause.subject
    if clause.verb in BE:
        close = _be(clause)
    elif clause.verb in {"has", "have", "had"}:
        close = _have(clause)
    elif clause.verb in {"can", "could"} and clause.rest[:1] not in {("be",), ("not",), ("have",)}:
        close = [f"What {clause.verb} {s} do?"]
    else:
        close = _action(clause)
    return close, [general.format(s=s) for general in _GENERAL]


def _after(clause: Clause) -> tuple[str, tuple[str, ...]]:
    """The first word after the verb that is no adverb, and those that follow it."""
    rest = clause.rest
    while rest and (rest[0] in _BETWEEN or (rest[0].endswith("ly") and rest[0] not in _IN_LY)):
        rest = rest[1:]
    if rest[:2] in _PAIRS:
        rest = rest[2:]
    return (rest[0].strip(",.;") if rest else "", rest[1:])


def _be(clause: Clause) -> list[str]:
    s, verb = clause.subject, clause.verb
    word, rest = _after(clause)
    if "not" in clause.rest[:2]:
        return []
    if word in participles() or word.endswith("ed"):
        return _passive(clause, word, rest)
    if word == "able":
        return [f"What {verb} {s} able to do?"]
    if word in {"a", "an", "one", "the"}:
        return _identity(clause, rest)
    following = rest[0] if rest else ""
    if word in {"in", "on", "at", "near", "between"}:
        return [] if following[:1].isdigit() else [f"Where {verb} {s}?"]
    if word.islower() and word.isalpha() and following not in _COMPLEMENTED:
        return [f"What {verb} {s} like?", f"How would you describe {s}?"]
    return []


def _identity(clause: Clause, rest: tuple[str, ...]) -> list[str]:
    s, verb = clause.subject, clause.verb
    if _SPECIAL & set(rest[:3]):
        return [f"What's special about {s}?", f"What makes {s} stand out?"]
    if not clause.proper:
        return [f"How would you describe {s}?", f"What {verb} {s}, exactly?"]
    if not s.startswith("the ") and _PERSON.search(" ".join(rest[:14]).split(" by ")[0]):
        return [f"Who {verb} {s}?", f"Do you know who {s} {verb}?"]
    return [f"What {verb} {s}?", f"Do you know what {s} {verb}?"]


def _passive(clause: Clause, word: str, rest: tuple[str, ...]) -> list[str]:
    s, verb = clause.subject, clause.verb
    following = rest[0] if rest else ""
    if frame := _PASSIVES.get((word, following)):
        return [frame.format(v=verb, s=s)]
    if _timed(clause, word, rest):
        return [f"When {verb} {s} {word}?", f"Do you know when {s} {verb} {word}?"]
    if word in _WHERE | {"born"} and following in {"in", "at", "on", "near", "between", "by"}:
        return [f"Where {verb} {s} {word}?", f"Do you know where {s} {verb} {word}?"]
    if word in _WHEN and following == "by":
        return [f"Who {verb} {s} {word} by?"]
    if word in _SEEN | _MADE:
        return [f"How {verb} {s} {word}?"]
    definite = (clause.proper or s.startswith("the ")) and word not in _SAID | _WHEN
    if word in _FATE or (verb in {"was", "were"} and definite):
        return [f"What happened to {s}?", f"Do you know what happened to {s}?"]
    return []


def _timed(clause: Clause, word: str, rest: tuple[str, ...]) -> bool:
    """Whether the sentence tells when it was done: at once, or for some verbs anywhere near."""
    if re.match(r"(?:in|on) (?:\d{1,2} )?(?:[A-Z][a-z]+ )?\d{4}\b", " ".join(rest[:4])):
        return True
    near = _DATE.search(" ".join(rest[:8])) or _DATE.search(clause.lead)
    return word in _WHEN | {"born"} and near is not None


def _have(clause: Clause) -> list[str]:
    s = clause.subject
    word, _ = _after(clause)
    does = "did" if clause.verb == "had" else "do" if clause.verb == "have" else "does"
    if word in participles():
        return []
    if word in _DETERMINERS or word[:1].isdigit():
        return [f"What {does} {s} have?", f"Do you know what {s} {clause.verb}?"]
    return []


def _action(clause: Clause) -> list[str]:
    verb = by_past().get(clause.verb) or by_present().get(clause.verb)
    word, rest = _after(clause)
    if verb is None or word in {"and", "or", "but"}:
        return []
    s, base = clause.subject, verb.base
    did = "did" if clause.verb in by_past() else "do" if clause.verb == base else "does"
    if base in _PEOPLE:
        return [f"Who {did} {s} {base}?"]
    if word in _PREPOSITIONS:
        return _moving(clause, base, did, (word, *rest))
    if base == "die":
        return [f"How did {s} die?"]
    if verb.transitive and word != "to":
        dated = _DATE.search(" ".join((word, *rest)[:9])) or _DATE.search(clause.lead)
        return _doing(clause, base, did, dated)
    return [f"What {did} {s} do?"]


def _moving(clause: Clause, base: str, did: str, rest: tuple[str, ...]) -> list[str]:
    """Questions where a preposition follows the verb."""
    s, word = clause.subject, rest[0]
    dated = _DATE.search(" ".join(rest[:9])) or _DATE.search(clause.lead)
    if base in _COMPLEMENT:
        return [f"What {did} {s} {_COMPLEMENT[base]}?"]
    if base in _STARTING and dated and did == "did":
        return [f"When did {s} {base}?", f"Do you know when {s} {clause.verb}?"]
    if word == "as":
        return [f"What {did} {s} {base} as?"]
    if base in _GOING and word in _PLACES:
        return [f"Where {did} {s} {base}{' from' if word == 'from' else ''}?"]
    if base in _BECOMING:
        return [f"How {did} {s} {base}?"]
    return [f"What {did} {s} do{_when(clause) if dated and did == 'did' else ''}?"]


def _doing(clause: Clause, base: str, did: str, dated: re.Match[str] | None) -> list[str]:
    s = clause.subject
    asked = [f"What {did} {s} {base}?", f"Do you know what {s} {clause.verb}?"]
    if dated is not None and did == "did" and clause.proper:
        asked.append(f"What did {s} do{_when(clause)}?")
    return asked


def _when(clause: Clause) -> str:
    found = _DATE.search(clause.sentence[0].lower() + clause.sentence[1:])
    return f" {found.group()}" if found else ""
