"""Sentences turned towards the listener: “is found in …” becomes “you'll find it in …”."""

import re

from pipelines.teachers.clauses import clauses

_FOUND = re.compile(
    r"^(?P<who>(?:The|A|An|It|They|These|This|[A-Z][\w'’-]+)(?: [\w'’-]+){0,4}?) (?:is|are) "
    r"(?P<how>(?:also|often|commonly|usually|mostly|now|still|generally|typically|mainly) )?"
    r"(?P<done>found|seen|located|situated) (?=in|on|at|near|along|across|throughout|between|from)"
)
_CAN = re.compile(
    r"^(?P<who>(?:The|A|An|It|They|These|This|[A-Z][\w'’-]+)(?: [\w'’-]+){0,4}?) can "
    r"(?P<how>(?:also|often|still|sometimes) )?be (?P<done>found|seen|used|reached|visited|heard|"
    r"eaten|bought|made|read|played|divided)\b(?! by)"
)
_BASES = {
    "found": "find", "seen": "see", "located": "find", "situated": "find", "used": "use",
    "reached": "reach", "visited": "visit", "heard": "hear", "eaten": "eat", "bought": "buy",
    "made": "make", "read": "read", "played": "play", "divided": "divide",
}  # fmt: skip
_OBJECTS = {"It": "it", "They": "them"}
_VERB = re.compile(r"\b(?:is|are|was|were|has|have|had|that|which|who|and|of which)\b")


def addressed(sentence: str) -> str:
    """The sentence said to the listener where it tells what can be found, seen or done."""
    for pattern, start in ((_FOUND, "You'll"), (_CAN, "You can")):
        found = pattern.match(sentence)
        if found is None or _VERB.search(found["who"]) or not (who := _object(sentence, found)):
            continue
        how, verb, rest = found["how"] or "", _BASES[found["done"]], sentence[found.end() :]
        return f"{start} {how}{verb} {who} {rest.strip()}"
    return sentence


def _object(sentence: str, found: re.Match[str]) -> str:
    """The subject as an object, empty where it cannot be told a name from a common noun."""
    if found["who"] in _OBJECTS:
        return _OBJECTS[found["who"]]
    clause = clauses(sentence)[0]
    if clause is None or clause.subject.lower() != found["who"].lower():
        return ""
    return clause.subject if clause.proper or " " in clause.subject else ""
