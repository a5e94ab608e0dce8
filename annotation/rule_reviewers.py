"""Rule-based reviewers, which stand in for people and are always labelled as rules.

The rules don't understand a text; they only compare features such as sentence length with
thresholds. The two rules disagree on some texts, as people do, so an unattended run also tests how
disagreement is handled.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from annotation.items import CandidateItem, ComparisonItem
from annotation.review_settings import NO_TRAIT
from annotation.text_features import TextFeatures, text_features, tokens
from db.records import Answer, AnswerValue, Candidate, Review, ReviewerKind, ReviewStatus, Role

Cues = tuple[tuple[str, tuple[str, ...]], ...]
Answers = dict[str, AnswerValue]
FIVE_STEPS = (1, 2, 3, 4, 5)
SIGNS = 4
"""The number of signs of speech that a rule checks for."""
MAX_REPEATED = 0.1


@dataclass(frozen=True)
class RuleReviewer:
    """A rule-based reviewer: its Argilla user name and the thresholds by which it decides."""

    name: str
    max_mean_sentence_words: float
    max_sentence_words: int
    min_contractions: float  # per 100 words
    max_copied: float
    max_unsupported_numbers: int
    min_signs: int
    requires_faithful: bool
    min_traits: int
    removes_opener: bool
    margin: int

    @property
    def description(self) -> str:
        """Return a readable description of the rule and its thresholds."""
        opener = (
            " The rule removes a filler at the beginning of a text." if self.removes_opener else ""
        )
        faithful = "faithful" if self.requires_faithful else "at least partly faithful"
        return (
            f"“{self.name}” is a written rule, not a person: it counts features of a text without "
            "understanding the text. It rates the tone from the lowest step of the scale (no "
            "signs) to the highest (all four) by four signs of speech: sentences of at most "
            f"{self.max_mean_sentence_words:g} words on average, at least "
            f"{self.min_contractions:g} contractions per 100 words, words that address the reader, "
            f"and nothing stiff or copied (at most {self.max_copied:.0%} of the six-word runs are "
            "in the source). A text is natural if no sentence is longer than "
            f"{self.max_sentence_words} words, nothing is listed or repeated, and the text ends "
            "like a sentence. It is faithful if all of its numbers are in the source, and "
            f"unfaithful if more than {self.max_unsupported_numbers} are missing there. The rule "
            f"approves a text that is natural, {faithful}, and has at least {self.min_signs} signs "
            "of speech. For a persona, it approves a text that is natural and has a cue word of at "
            f"least {self.min_traits} of the traits.{opener} Of two "
            f"answers, it prefers the one that is more than {self.margin} points ahead: one point "
            "for each sign of speech, two for natural, two for faithful, one for partly faithful, "
            "and up to two for traits."
        )


LISTENER = RuleReviewer(
    name="rule-listener",
    max_mean_sentence_words=20,
    max_sentence_words=38,
    min_contractions=1.0,
    max_copied=0.8,
    max_unsupported_numbers=1,
    min_signs=2,
    requires_faithful=False,
    min_traits=1,
    removes_opener=True,
    margin=0,
)
CHECKER = RuleReviewer(
    name="rule-checker",
    max_mean_sentence_words=17,
    max_sentence_words=30,
    min_contractions=1.5,
    max_copied=0.7,
    max_unsupported_numbers=0,
    min_signs=2,
    requires_faithful=True,
    min_traits=2,
    removes_opener=False,
    margin=1,
)
RULE_REVIEWERS = (LISTENER, CHECKER)


@dataclass(frozen=True)
class _Ratings:
    """A rule's ratings of a text; `cues` counts each trait's cue words in the text."""

    features: TextFeatures
    signs: int
    natural: str
    faithful: str
    cues: dict[str, int]

    @property
    def traits(self) -> tuple[str, ...]:
        return tuple(self.cues) or (NO_TRAIT,)


def review_by_rule(
    item: CandidateItem | ComparisonItem,
    rule: RuleReviewer,
    cues: Cues = (),
    scale: Sequence[int] = FIVE_STEPS,
) -> Review:
    """Create the review that a rule submits for a candidate or comparison.

    For a persona, `cues` lists each trait with the words and phrases that indicate it. For a tone,
    `scale` contains the values of the rating scale, lowest first.
    """
    edited = None
    if isinstance(item, ComparisonItem):
        subject, answers = item.comparison.id, _comparison_answers(item, rule, cues, scale)
    elif item.candidate.persona is not None:
        subject, answers = item.candidate.id, _persona_answers(item.candidate, rule, cues)
    else:
        subject, text = item.candidate.id, item.candidate.review_text
        facts = item.passage.text if item.passage else item.candidate.reference
        source = f"{facts}\n{item.candidate.question}" if facts else ""
        ratings = _rate(text, source, rule)
        answers = _tone_answers(ratings, rule, scale)
        if not facts:
            answers.pop("faithful")
        if rule.removes_opener and answers["decision"] == "approve":
            edited = _without_opener(text, ratings.features.opener)
    return Review(
        subject=subject,
        reviewer=rule.name,
        reviewer_kind=ReviewerKind.RULE,
        status=ReviewStatus.SUBMITTED,
        answers=tuple(Answer(question, answers[question]) for question in sorted(answers)),
        edited=edited,
    )


def _rate(text: str, source: str, rule: RuleReviewer, cues: Cues = ()) -> _Ratings:
    """Rate a text by a rule, which gives the lowest ratings to an empty text."""
    features = text_features(text, source)
    signs_of_speech = (
        features.mean_sentence_words <= rule.max_mean_sentence_words,
        features.contractions >= rule.min_contractions,
        features.addresses_reader,
        features.stiff == 0 and features.copied <= rule.max_copied,
    )
    is_natural = (
        features.max_sentence_words <= rule.max_sentence_words
        and features.list_items == 0
        and features.repeated <= MAX_REPEATED
        and features.is_finished
    )
    unsupported = len(features.unsupported_numbers)
    faithful = "partly" if unsupported else "yes"
    if features.words == 0 or unsupported > rule.max_unsupported_numbers:
        faithful = "no"
    return _Ratings(
        features=features,
        signs=sum(signs_of_speech) if features.words else 0,
        natural="yes" if features.words and is_natural else "no",
        faithful=faithful,
        cues=count_cues(text, cues),
    )


def _tone_answers(ratings: _Ratings, rule: RuleReviewer, scale: Sequence[int]) -> Answers:
    signs, faithful, features = ratings.signs, ratings.faithful, ratings.features
    tone = _rating(signs, scale)
    answers: Answers = {"tone": tone, "natural": ratings.natural, "faithful": faithful}
    if features.unsupported_numbers:
        answers["wrong"] = features.unsupported_numbers
    is_unfaithful = faithful == "no" or (faithful == "partly" and rule.requires_faithful)
    return answers | _decision(ratings, tone=signs < rule.min_signs, unfaithful=is_unfaithful)


def _rating(signs: int, scale: Sequence[int]) -> int:
    """Convert a number of signs of speech to the nearest step on a scale, rounding halves up."""
    return scale[int(signs * (len(scale) - 1) / SIGNS + 0.5)]


def _persona_answers(candidate: Candidate, rule: RuleReviewer, cues: Cues) -> Answers:
    """Return a rule's answers to the review questions for a persona.

    The rule rates only those turns of a dialogue that are used for training.
    """
    turns = [m.content for m in candidate.messages if m.role is Role.ASSISTANT and m.has_loss]
    ratings = _rate("\n".join(turns or [candidate.text]), "", rule, cues)
    answers: Answers = {"natural": ratings.natural, "traits": ratings.traits}
    is_out_of_character = bool(cues) and len(ratings.cues) < rule.min_traits
    return answers | _decision(ratings, character=is_out_of_character)


def _decision(ratings: _Ratings, **reasons: bool) -> Answers:
    """Return an approval, or a rejection with all reasons that apply."""
    reasons |= {
        "unnatural": ratings.natural == "no",
        "repetitive": ratings.features.repeated > MAX_REPEATED,
    }
    names = tuple(sorted(name for name, applies in reasons.items() if applies))
    return {"decision": "reject", "reasons": names} if names else {"decision": "approve"}


def _comparison_answers(
    item: ComparisonItem, rule: RuleReviewer, cues: Cues, scale: Sequence[int]
) -> Answers:
    facts = item.passage or item.reference
    source = f"{facts}\n{item.prompt_text}" if facts else ""
    answers: Answers = {}
    points: dict[str, int] = {}
    for side, text in (("left", item.left_text), ("right", item.right_text)):
        ratings = _rate(text, source, rule, cues)
        points[side] = ratings.signs + {"yes": 2, "partly": 1, "no": 0}[ratings.faithful]
        points[side] += 2 * (ratings.natural == "yes") + min(2, len(ratings.cues))
        if cues:
            answers[f"traits_{side}"] = ratings.traits
        else:
            answers[f"tone_{side}"] = _rating(ratings.signs, scale)
            if facts:
                answers[f"faithful_{side}"] = ratings.faithful
    lead = points["left"] - points["right"]
    preference = "tie" if abs(lead) <= rule.margin else "left" if lead > 0 else "right"
    return answers | {"preference": preference}


def count_cues(text: str, cues: Cues) -> dict[str, int]:
    """Count how often each trait's cues occur in a text, leaving out traits without any."""
    padded = f" {' '.join(tokens(text))} "
    counts = {
        trait: sum(padded.count(f" {' '.join(tokens(cue))} ") for cue in words)
        for trait, words in cues
    }
    return {trait: count for trait, count in sorted(counts.items()) if count}


def _without_opener(text: str, opener: str) -> str | None:
    rest = text[len(opener) :].strip()
    return rest[0].upper() + rest[1:] if opener and rest else None
