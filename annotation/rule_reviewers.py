"""Written rules that review when no people do, and are marked as rules everywhere.

A rule compares features of a text with thresholds. It understands nothing. The two rules disagree
on some texts, as people do, so that the whole loop can run without people.
"""

from dataclasses import dataclass

from annotation.argilla.questions import NO_TRAIT
from annotation.items import CandidateItem, ComparisonItem
from annotation.text_features import TextFeatures, text_features, tokens
from db.records import Answer, AnswerValue, Review, ReviewerKind, ReviewStatus, Role

Cues = tuple[tuple[str, tuple[str, ...]], ...]
Answers = dict[str, AnswerValue]
MAX_REPEATED = 0.1


@dataclass(frozen=True)
class RuleReviewer:
    """A rule: the name of its Argilla user, and its thresholds.

    Attributes:
        name: The name of the rule's user.
        max_mean_sentence_words: Longest average sentence that sounds spoken.
        max_sentence_words: Longest sentence that can be said in one breath.
        min_contractions: Fewest contractions per 100 words that sound spoken.
        max_copied: Largest share of six-word runs that may be in the source.
        max_unsupported_numbers: Most numbers missing in the source for “partly” faithful.
        min_tone: Lowest tone (1 to 5) that the rule approves.
        requires_faithful: Whether “partly” faithful is a reason to reject.
        min_cue_words: Fewest cue words of a persona's traits per 100 words.
        removes_opener: Whether the rule edits out a filler (“Great question!”).
        margin: Points that an answer must be ahead by to be preferred.
    """

    name: str
    max_mean_sentence_words: float
    max_sentence_words: int
    min_contractions: float
    max_copied: float
    max_unsupported_numbers: int
    min_tone: int
    requires_faithful: bool
    min_cue_words: float
    removes_opener: bool
    margin: int

    @property
    def description(self) -> str:
        """What the rule does, for people, generated from its thresholds."""
        opener = " It removes a filler at the beginning." if self.removes_opener else ""
        faithful = "faithful" if self.requires_faithful else "at least partly faithful"
        return (
            f"“{self.name}” is a written rule, not a person: it counts and understands nothing. "
            "It rates the tone from 1 to 5 by four signs of speech: sentences with at most "
            f"{self.max_mean_sentence_words:g} words on average, at least "
            f"{self.min_contractions:g} contractions per 100 words, words that address the reader, "
            f"and nothing stiff or copied (at most {self.max_copied:.0%} of its six-word runs are "
            "in the source). A text is natural if no sentence is longer than "
            f"{self.max_sentence_words} words, nothing is listed or repeated, and it ends like a "
            "sentence. It is faithful if all of its numbers are in the source, and unfaithful if "
            f"more than {self.max_unsupported_numbers} are not. The rule approves what is natural, "
            f"{faithful}, and has a tone of {self.min_tone} or more; for a persona, what is "
            f"natural and has at least {self.min_cue_words:g} cue words of its traits per 100 "
            f"words.{opener} Of two answers it prefers the one that is more than {self.margin} "
            "points ahead: one point for each step of tone, two for natural, two for faithful, one "
            "for partly faithful, and up to two for traits."
        )


LISTENER = RuleReviewer(
    name="rule-listener",
    max_mean_sentence_words=20,
    max_sentence_words=38,
    min_contractions=1.0,
    max_copied=0.8,
    max_unsupported_numbers=1,
    min_tone=3,
    requires_faithful=False,
    min_cue_words=4,
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
    min_tone=3,
    requires_faithful=True,
    min_cue_words=5,
    removes_opener=False,
    margin=1,
)
RULE_REVIEWERS = (LISTENER, CHECKER)


def review_by_rule(
    item: CandidateItem | ComparisonItem, rule: RuleReviewer, cues: Cues = ()
) -> Review:
    """A rule's submitted review of a candidate or a comparison.

    For a persona, `cues` pairs each trait with the words and phrases that show it.
    """
    edited = None
    if isinstance(item, ComparisonItem):
        subject, answers = item.comparison.id, _comparison_answers(item, rule, cues)
    else:
        subject, text = item.candidate.id, item.candidate.review_text
        if item.candidate.persona is not None:
            answers = _persona_answers(item, rule, cues)
        else:
            source = f"{item.passage.text}\n{item.candidate.question}" if item.passage else ""
            features = text_features(text, source)
            answers = _tone_answers(features, rule)
            if rule.removes_opener and answers["decision"] == "approve":
                edited = _without_opener(text, features)
    return Review(
        subject=subject,
        reviewer=rule.name,
        reviewer_kind=ReviewerKind.RULE,
        status=ReviewStatus.SUBMITTED,
        answers=tuple(Answer(question, answers[question]) for question in sorted(answers)),
        edited=edited,
    )


def _tone(features: TextFeatures, rule: RuleReviewer) -> int:
    """The tone from 1 to 5: one plus the number of signs of speech; 1 for an empty text."""
    if features.words == 0:
        return 1
    signs = (
        features.mean_sentence_words <= rule.max_mean_sentence_words,
        features.contractions >= rule.min_contractions,
        features.addresses_reader,
        features.stiff == 0 and features.copied <= rule.max_copied,
    )
    return 1 + sum(signs)


def _natural(features: TextFeatures, rule: RuleReviewer) -> str:
    is_natural = (
        features.words > 0
        and features.max_sentence_words <= rule.max_sentence_words
        and features.list_items == 0
        and features.repeated <= MAX_REPEATED
        and features.is_finished
    )
    return "yes" if is_natural else "no"


def _faithful(features: TextFeatures, rule: RuleReviewer) -> str:
    """Whether the numbers are those of the source: yes, partly or no; no for an empty text."""
    unsupported = len(features.unsupported_numbers)
    if features.words == 0 or unsupported > rule.max_unsupported_numbers:
        return "no"
    return "partly" if unsupported else "yes"


def _tone_answers(features: TextFeatures, rule: RuleReviewer) -> Answers:
    tone, natural = _tone(features, rule), _natural(features, rule)
    faithful = _faithful(features, rule)
    answers: Answers = {"tone": tone, "natural": natural, "faithful": faithful}
    if features.unsupported_numbers:
        answers["wrong"] = features.unsupported_numbers
    reasons = {
        "tone": tone < rule.min_tone,
        "unnatural": natural == "no",
        "unfaithful": faithful == "no" or (faithful == "partly" and rule.requires_faithful),
        "repetitive": features.repeated > MAX_REPEATED,
    }
    return answers | _decision(reasons)


def _persona_answers(item: CandidateItem, rule: RuleReviewer, cues: Cues) -> Answers:
    """Answers about traits and sentences; of a dialogue, only the persona's turns count."""
    turns = [m.content for m in item.candidate.messages if m.role is Role.ASSISTANT]
    text = "\n".join(turns or [item.candidate.text])
    features, counts = text_features(text), count_cues(text, cues)
    natural = _natural(features, rule)
    reasons = {
        "unnatural": natural == "no",
        "character": bool(cues)
        and 100 * sum(counts.values()) / max(1, features.words) < rule.min_cue_words,
        "repetitive": features.repeated > MAX_REPEATED,
    }
    answers: Answers = {"natural": natural, "traits": tuple(counts) or (NO_TRAIT,)}
    return answers | _decision(reasons)


def count_cues(text: str, cues: Cues) -> dict[str, int]:
    """How often each trait's cues occur as whole words; traits without any are left out."""
    padded = f" {' '.join(tokens(text))} "
    counts = {
        trait: sum(padded.count(f" {' '.join(tokens(cue))} ") for cue in words)
        for trait, words in cues
    }
    return {trait: count for trait, count in sorted(counts.items()) if count}


def _decision(reasons: dict[str, bool]) -> Answers:
    names = tuple(sorted(name for name, applies in reasons.items() if applies))
    return {"decision": "reject", "reasons": names} if names else {"decision": "approve"}


def _without_opener(text: str, features: TextFeatures) -> str | None:
    rest = text[len(features.opener) :].strip()
    return rest[0].upper() + rest[1:] if features.opener and rest else None


def _comparison_answers(item: ComparisonItem, rule: RuleReviewer, cues: Cues) -> Answers:
    source = f"{item.passage}\n{item.prompt_text}" if item.passage else ""
    answers: Answers = {}
    points: dict[str, int] = {}
    for side, text in (("left", item.left_text), ("right", item.right_text)):
        features = text_features(text, source)
        tone, faithful = _tone(features, rule), _faithful(features, rule)
        points[side] = tone + {"yes": 2, "partly": 1, "no": 0}[faithful]
        points[side] += 2 * (_natural(features, rule) == "yes")
        if cues:
            counts = count_cues(text, cues)
            points[side] += min(2, len(counts))
            answers[f"traits_{side}"] = tuple(counts) or (NO_TRAIT,)
        else:
            answers |= {f"tone_{side}": tone, f"faithful_{side}": faithful}
    lead = points["left"] - points["right"]
    preference = "tie" if abs(lead) <= rule.margin else "left" if lead > 0 else "right"
    return answers | {"preference": preference}
