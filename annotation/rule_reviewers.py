"""Written rules that stand in for reviewers where no person is at hand, and say that they do.

A rule counts features of the text itself and compares them with its thresholds. It understands
nothing. Two rules with differing thresholds disagree here and there, as two people do, which is
all they are for: to carry the whole loop unattended. Whatever rests on them is marked so.
"""

from dataclasses import dataclass

from annotation.items import CandidateItem, ComparisonItem
from annotation.questions import NO_TRAIT
from annotation.text_features import Reading, read, tokens
from db.records import Answer, AnswerValue, Review, ReviewerKind, ReviewStatus

Cues = tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True)
class RuleReviewer:
    """A rule's name as a user of Argilla, and its thresholds.

    Attributes:
        name: The user it answers as.
        sentence_words: Most words an average sentence may have to sound spoken.
        longest_sentence: Most words a sentence may have to be said in one breath.
        contractions: Fewest contractions for every 100 words to sound spoken.
        copied: Largest share of six-word runs that may stand in the source.
        forgiven_numbers: Numbers without source up to which a text is still partly faithful.
        needed_tone: Lowest tone, from 1 to 5, that it approves.
        demands_faithful: Whether it approves only what is wholly faithful.
        cue_words: Fewest cue words of a persona's traits for every 100 words.
        corrects: Whether it cuts a filler (“Great question!”) off the beginning.
        margin: Points by which one answer must be ahead of another to be preferred.
    """

    name: str
    sentence_words: float
    longest_sentence: int
    contractions: float
    copied: float
    forgiven_numbers: int
    needed_tone: int
    demands_faithful: bool
    cue_words: float
    corrects: bool
    margin: int

    @property
    def description(self) -> str:
        """What the rule does, in words that follow from its thresholds."""
        corrects = " It cuts a filler off the beginning." if self.corrects else ""
        faithful = "faithful" if self.demands_faithful else "not unfaithful"
        return (
            f"“{self.name}” is a written rule, not a person: it counts, and understands nothing. "
            "It rates the tone from 1 to 5 by how many of four signs of speech it finds: sentences "
            f"of {self.sentence_words:g} words or fewer on average, {self.contractions:g} or more "
            "contractions in 100 words, words that speak to somebody, and nothing stiff or copied "
            f"(at most {self.copied:.0%} of its six-word runs from the source). It calls natural "
            f"what has no sentence over {self.longest_sentence} words, no list, no repetition and "
            "a proper end; faithful what has no number that the source lacks, and unfaithful what "
            f"has more than {self.forgiven_numbers}. It approves what is natural, {faithful}, and "
            f"{self.needed_tone} or more in tone; of a persona, what is natural and has "
            f"{self.cue_words:g} or more cue words of its traits in 100.{corrects} Of two answers "
            f"it prefers the one that is more than {self.margin} points ahead: a point for each of "
            "tone, two for natural, two for faithful, one for partly, up to two for traits."
        )


LISTENER = RuleReviewer(
    name="rule-listener",
    sentence_words=20,
    longest_sentence=38,
    contractions=1.0,
    copied=0.8,
    forgiven_numbers=1,
    needed_tone=3,
    demands_faithful=False,
    cue_words=4,
    corrects=True,
    margin=0,
)
CHECKER = RuleReviewer(
    name="rule-checker",
    sentence_words=17,
    longest_sentence=30,
    contractions=1.5,
    copied=0.7,
    forgiven_numbers=0,
    needed_tone=3,
    demands_faithful=True,
    cue_words=5,
    corrects=False,
    margin=1,
)
RULE_REVIEWERS = (LISTENER, CHECKER)


def review_by_rule(
    item: CandidateItem | ComparisonItem, rule: RuleReviewer, cues: Cues = ()
) -> Review:
    """The review that a rule makes of a candidate or a comparison.

    Args:
        item: What is judged.
        rule: The rule.
        cues: For a persona, each trait with the words and phrases that show it.

    Returns:
        A submitted review, marked as made by a rule.
    """
    if isinstance(item, ComparisonItem):
        return _made(item.comparison.id, rule, _compared(item, rule, cues))
    text = item.candidate.review_text
    source = item.passage.text if item.passage else ""
    if item.candidate.persona is not None:
        return _made(item.candidate.id, rule, _in_character(item, rule, cues))
    reading = read(text, f"{source}\n{item.candidate.question}" if source else "")
    answers = _judged(reading, rule)
    edited = _corrected(text, reading) if rule.corrects else None
    return _made(
        item.candidate.id, rule, answers, edited if answers["decision"] == "approve" else None
    )


def tone_by_rule(reading: Reading, rule: RuleReviewer) -> int:
    """The tone from 1 to 5: one, and one more for each of four signs of speech; silence is 1."""
    if reading.words == 0:
        return 1
    signs = (
        reading.sentence_words <= rule.sentence_words,
        reading.contractions >= rule.contractions,
        reading.addresses,
        reading.stiff == 0 and reading.copied <= rule.copied,
    )
    return 1 + sum(signs)


def natural_by_rule(reading: Reading, rule: RuleReviewer) -> str:
    """Whether somebody could say it: yes or no."""
    speakable = (
        reading.words > 0
        and reading.longest_sentence <= rule.longest_sentence
        and reading.listed == 0
        and reading.repeated <= 0.1
        and reading.ended
    )
    return "yes" if speakable else "no"


def faithful_by_rule(reading: Reading, rule: RuleReviewer) -> str:
    """Whether its numbers are those of the source: yes, partly or no; an empty text is a no."""
    strange = len(reading.strange_numbers)
    if reading.words == 0 or strange > rule.forgiven_numbers:
        return "no"
    return "partly" if strange else "yes"


def _judged(reading: Reading, rule: RuleReviewer) -> dict[str, AnswerValue]:
    tone, natural = tone_by_rule(reading, rule), natural_by_rule(reading, rule)
    faithful = faithful_by_rule(reading, rule)
    reasons = {
        "tone": tone < rule.needed_tone,
        "unnatural": natural == "no",
        "unfaithful": faithful == "no" or (faithful == "partly" and rule.demands_faithful),
        "repetitive": reading.repeated > 0.1,
    }
    answers: dict[str, AnswerValue] = {"tone": tone, "natural": natural, "faithful": faithful}
    if reading.strange_numbers:
        answers["wrong"] = reading.strange_numbers
    return answers | _decided(reasons)


def _in_character(item: CandidateItem, rule: RuleReviewer, cues: Cues) -> dict[str, AnswerValue]:
    """A persona's text is its own source: it is judged by its traits and its sentences."""
    text = "\n".join(
        [m.content for m in item.candidate.messages if m.role.value == "assistant"]
        or [item.candidate.text]
    )
    reading = read(text)
    shown = cue_words(text, cues)
    natural = natural_by_rule(reading, rule)
    share = 100 * sum(shown.values()) / max(1, reading.words)
    reasons = {
        "unnatural": natural == "no",
        "character": bool(cues) and share < rule.cue_words,
        "repetitive": reading.repeated > 0.1,
    }
    answers: dict[str, AnswerValue] = {"natural": natural, "traits": tuple(shown) or (NO_TRAIT,)}
    return answers | _decided(reasons)


def cue_words(text: str, cues: Cues) -> dict[str, int]:
    """How often each trait's cues stand in a text, traits with none left out.

    A cue is matched word by word, whatever the case.
    """
    padded = f" {' '.join(tokens(text))} "
    counts = {
        trait: sum(padded.count(f" {' '.join(tokens(cue))} ") for cue in words)
        for trait, words in cues
    }
    return {trait: count for trait, count in sorted(counts.items()) if count}


def _decided(reasons: dict[str, bool]) -> dict[str, AnswerValue]:
    given = tuple(sorted(reason for reason, holds in reasons.items() if holds))
    return {"decision": "reject", "reasons": given} if given else {"decision": "approve"}


def _corrected(text: str, reading: Reading) -> str | None:
    rest = text[len(reading.opener) :].strip()
    return rest[0].upper() + rest[1:] if reading.opener and rest else None


def _compared(item: ComparisonItem, rule: RuleReviewer, cues: Cues) -> dict[str, AnswerValue]:
    source = f"{item.passage}\n{item.prompt_text}" if item.passage else ""
    answers: dict[str, AnswerValue] = {}
    points: dict[str, int] = {}
    for side, text in (("left", item.left_text), ("right", item.right_text)):
        reading = read(text, source)
        tone, faithful = tone_by_rule(reading, rule), faithful_by_rule(reading, rule)
        natural = natural_by_rule(reading, rule)
        points[side] = tone + 2 * (natural == "yes") + {"yes": 2, "partly": 1, "no": 0}[faithful]
        if cues:
            shown = cue_words(text, cues)
            points[side] += min(2, len(shown))
            answers[f"traits_{side}"] = tuple(shown) or (NO_TRAIT,)
        else:
            answers |= {f"tone_{side}": tone, f"faithful_{side}": faithful}
    ahead = points["left"] - points["right"]
    preference = "tie" if abs(ahead) <= rule.margin else "left" if ahead > 0 else "right"
    return answers | {"preference": preference}


def _made(
    subject: str,
    rule: RuleReviewer,
    answers: dict[str, AnswerValue],
    edited: str | None = None,
) -> Review:
    return Review(
        subject=subject,
        reviewer=rule.name,
        reviewer_kind=ReviewerKind.RULE,
        status=ReviewStatus.SUBMITTED,
        answers=tuple(Answer(question, answers[question]) for question in sorted(answers)),
        edited=edited,
    )
