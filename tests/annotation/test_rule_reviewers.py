from annotation.items import ComparisonItem
from annotation.review_settings import NO_TRAIT
from annotation.rule_reviewers import (
    CHECKER,
    LISTENER,
    RULE_REVIEWERS,
    RuleReviewer,
    review_by_rule,
)
from annotation.text_features import text_features
from db.records import CandidateKind, Review, ReviewerKind, ReviewStatus, Span
from tests.annotation.records import PASSAGE, SPOKEN, comparison, conversation, dialogue, statement

CUES = (("patient", ("no hurry", "wait")), ("dry", ("i suppose",)))
BOOKISH = (
    "The crossing, which has a duration of 35 minutes, comprises the entirety of the service "
    "(with regard to its schedule), and was first made in 1912; it is operated on a seasonal basis."
)


def rule_review(answer: str, rule: RuleReviewer) -> Review:
    return review_by_rule(conversation(answer), rule)


def test_reviews_by_rules_are_marked() -> None:
    review = rule_review(SPOKEN, LISTENER)
    assert review.reviewer_kind is ReviewerKind.RULE
    assert review.reviewer == "rule-listener"
    assert review.status is ReviewStatus.SUBMITTED
    assert all("not a person" in rule.description for rule in RULE_REVIEWERS)


def test_the_description_states_the_thresholds() -> None:
    assert "longer than 38 words" in LISTENER.description
    assert "longer than 30 words" in CHECKER.description


def test_a_spoken_answer_is_approved_and_rated_high() -> None:
    for rule in RULE_REVIEWERS:
        review = rule_review(SPOKEN, rule)
        assert review.answer("decision") == "approve"
        assert review.answer("tone") == 5
        assert review.answer("reasons") is None


def test_a_bookish_answer_is_rejected_for_its_tone() -> None:
    for rule in RULE_REVIEWERS:
        review = rule_review(BOOKISH, rule)
        assert review.answer("decision") == "reject"
        reasons = review.answer("reasons")
        assert isinstance(reasons, tuple)
        assert "tone" in reasons


def test_an_unsupported_number_is_marked() -> None:
    answer = "It's 25 minutes, so you'll be over there before your tea goes cold."
    assert rule_review(answer, LISTENER).answer("wrong") == (Span(5, 7, "unsupported"),)
    assert rule_review(answer, LISTENER).answer("faithful") == "partly"
    assert rule_review(answer, CHECKER).answer("faithful") == "no"


def test_rules_differ_between_their_thresholds() -> None:
    answer = "It's 25 minutes, so you'll be over there before your tea goes cold."
    assert rule_review(answer, LISTENER).answer("decision") == "approve"
    assert rule_review(answer, CHECKER).answer("decision") == "reject"


def test_one_rule_removes_an_opener() -> None:
    answer = f"Great question! {SPOKEN}"
    assert rule_review(answer, LISTENER).edited == SPOKEN
    assert rule_review(answer, CHECKER).edited is None


def test_a_spoken_beginning_is_not_an_opener() -> None:
    assert rule_review(f"Sure! {SPOKEN}", LISTENER).edited is None


def test_a_copied_answer_is_not_spoken() -> None:
    assert rule_review(PASSAGE, LISTENER).answer("tone") == 2
    assert rule_review(PASSAGE, LISTENER).answer("decision") == "reject"


def test_a_persona_is_judged_by_its_cue_words() -> None:
    review = review_by_rule(statement("There's no hurry out here, I suppose."), LISTENER, CUES)
    assert review.answer("traits") == ("dry", "patient")
    assert review.answer("decision") == "approve"
    assert review.answer("tone") is None


def test_a_persona_without_cue_words_is_out_of_character() -> None:
    review = review_by_rule(statement("The sea is wet.", CandidateKind.DOCUMENT), CHECKER, CUES)
    assert review.answer("traits") == (NO_TRAIT,)
    assert review.answer("reasons") == ("character",)


def test_the_stricter_rule_needs_more_cue_words() -> None:
    item = statement(
        "There is no hurry out here. The boat goes when it goes, and the tide is slow "
        "to turn on days like this."
    )
    assert review_by_rule(item, LISTENER, CUES).answer("decision") == "approve"
    assert review_by_rule(item, CHECKER, CUES).answer("reasons") == ("character",)


def test_only_the_personas_turns_count() -> None:
    item = dialogue("Shall I wait? No hurry!", "The sea is wet.")
    assert review_by_rule(item, LISTENER, CUES).answer("traits") == (NO_TRAIT,)


def test_a_cue_is_matched_by_whole_words() -> None:
    assert review_by_rule(statement("I was a waiter."), LISTENER, CUES).answer("traits") == (
        NO_TRAIT,
    )


def test_the_better_answer_is_preferred_on_either_side() -> None:
    for rule in RULE_REVIEWERS:
        assert review_by_rule(comparison(SPOKEN, BOOKISH), rule).answer("preference") == "left"
        assert review_by_rule(comparison(BOOKISH, SPOKEN), rule).answer("preference") == "right"


def test_equal_answers_are_a_tie() -> None:
    for rule in RULE_REVIEWERS:
        assert review_by_rule(comparison(SPOKEN, SPOKEN), rule).answer("preference") == "tie"


def test_a_lead_within_the_margin_is_a_tie() -> None:
    plain = "The crossing takes 35 minutes, as you would expect of a slow boat."
    item: ComparisonItem = comparison(SPOKEN, plain)
    assert review_by_rule(item, LISTENER).answer("preference") == "left"
    assert review_by_rule(item, CHECKER).answer("preference") == "tie"


def test_an_empty_answer_has_the_lowest_ratings() -> None:
    review = review_by_rule(comparison("", SPOKEN), LISTENER)
    assert review.answer("tone_left") == 1
    assert review.answer("faithful_left") == "no"
    assert review.answer("preference") == "right"


def test_comparisons_of_a_persona_have_traits() -> None:
    review = review_by_rule(comparison("No hurry.", "Hurry up."), LISTENER, CUES)
    assert review.answer("traits_left") == ("patient",)
    assert review.answer("tone_left") is None


def test_sentence_lengths_are_counted_in_words() -> None:
    features = text_features("It's late. You don't want to wait here for long, do you?")
    assert (features.words, features.max_sentence_words) == (12, 10)
    assert features.mean_sentence_words == 6
    assert features.addresses_reader


def test_thousands_separators_do_not_matter() -> None:
    assert (
        text_features("That's 1,912 of them.", "In all there were 1912.").unsupported_numbers == ()
    )


def test_repetition_is_counted() -> None:
    assert text_features("the ferry is the ferry is the ferry is the ferry is").repeated > 0.4
