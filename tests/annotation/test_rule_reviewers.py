from annotation.items import ComparisonItem
from annotation.questions import NO_TRAIT
from annotation.rule_reviewers import (
    CHECKER,
    LISTENER,
    RULE_REVIEWERS,
    RuleReviewer,
    review_by_rule,
)
from annotation.text_features import read
from db.records import CandidateKind, Review, ReviewerKind, ReviewStatus, Span
from tests.annotation.records import PASSAGE, SPOKEN, compared, conversation, dialogue, spoken

CUES = (("patient", ("no hurry", "wait")), ("dry", ("i suppose",)))
BOOKISH = (
    "The crossing, which has a duration of 35 minutes, comprises the entirety of the service "
    "(with regard to its schedule), and was first made in 1912; it is operated on a seasonal basis."
)


def said(answer: str, rule: RuleReviewer) -> Review:
    return review_by_rule(conversation(answer), rule)


def test_a_rule_says_that_it_is_a_rule() -> None:
    review = said(SPOKEN, LISTENER)
    assert review.reviewer_kind is ReviewerKind.RULE
    assert review.reviewer == "rule-listener"
    assert review.status is ReviewStatus.SUBMITTED
    assert all("not a person" in rule.description for rule in RULE_REVIEWERS)


def test_the_description_follows_the_thresholds() -> None:
    assert "over 38 words" in LISTENER.description
    assert "over 30 words" in CHECKER.description


def test_a_spoken_answer_is_approved_and_rated_high() -> None:
    for rule in RULE_REVIEWERS:
        review = said(SPOKEN, rule)
        assert review.answer("decision") == "approve"
        assert review.answer("tone") == 5
        assert review.answer("reasons") is None


def test_a_bookish_answer_is_rejected_for_its_tone() -> None:
    for rule in RULE_REVIEWERS:
        review = said(BOOKISH, rule)
        assert review.answer("decision") == "reject"
        reasons = review.answer("reasons")
        assert isinstance(reasons, tuple)
        assert "tone" in reasons


def test_a_number_that_the_passage_lacks_is_marked_where_it_stands() -> None:
    answer = "It's 25 minutes, so you'll be over there before your tea goes cold."
    assert said(answer, LISTENER).answer("wrong") == (Span(5, 7, "unsupported"),)
    assert said(answer, LISTENER).answer("faithful") == "partly"
    assert said(answer, CHECKER).answer("faithful") == "no"


def test_the_two_rules_differ_on_a_text_between_their_thresholds() -> None:
    answer = "It's 25 minutes, so you'll be over there before your tea goes cold."
    assert said(answer, LISTENER).answer("decision") == "approve"
    assert said(answer, CHECKER).answer("decision") == "reject"


def test_a_filler_is_cut_off_by_the_rule_that_corrects() -> None:
    answer = f"Great question! {SPOKEN}"
    assert said(answer, LISTENER).edited == SPOKEN
    assert said(answer, CHECKER).edited is None


def test_a_spoken_beginning_is_no_filler() -> None:
    assert said(f"Sure! {SPOKEN}", LISTENER).edited is None


def test_a_copied_answer_is_not_spoken() -> None:
    assert said(PASSAGE, LISTENER).answer("tone") == 2
    assert said(PASSAGE, LISTENER).answer("decision") == "reject"


def test_a_persona_is_judged_by_the_traits_its_words_show() -> None:
    review = review_by_rule(spoken("There's no hurry out here, I suppose."), LISTENER, CUES)
    assert review.answer("traits") == ("dry", "patient")
    assert review.answer("decision") == "approve"
    assert review.answer("tone") is None


def test_a_persona_that_shows_nothing_is_out_of_character() -> None:
    review = review_by_rule(spoken("The sea is wet.", CandidateKind.DOCUMENT), CHECKER, CUES)
    assert review.answer("traits") == (NO_TRAIT,)
    assert review.answer("reasons") == ("character",)


def test_the_stricter_rule_wants_the_persona_laid_on_more() -> None:
    item = spoken(
        "There is no hurry out here. The boat goes when it goes, and the tide is slow "
        "to turn on days like this."
    )
    assert review_by_rule(item, LISTENER, CUES).answer("decision") == "approve"
    assert review_by_rule(item, CHECKER, CUES).answer("reasons") == ("character",)


def test_only_the_personas_own_turns_count_in_a_dialogue() -> None:
    asked = dialogue("Shall I wait? No hurry!", "The sea is wet.")
    assert review_by_rule(asked, LISTENER, CUES).answer("traits") == (NO_TRAIT,)


def test_a_cue_is_matched_by_whole_words() -> None:
    assert review_by_rule(spoken("I was a waiter."), LISTENER, CUES).answer("traits") == (NO_TRAIT,)


def test_the_better_answer_is_preferred_on_whichever_side_it_stands() -> None:
    for rule in RULE_REVIEWERS:
        assert review_by_rule(compared(SPOKEN, BOOKISH), rule).answer("preference") == "left"
        assert review_by_rule(compared(BOOKISH, SPOKEN), rule).answer("preference") == "right"


def test_equal_answers_are_a_tie() -> None:
    for rule in RULE_REVIEWERS:
        assert review_by_rule(compared(SPOKEN, SPOKEN), rule).answer("preference") == "tie"


def test_a_small_lead_is_a_tie_for_the_rule_with_a_margin() -> None:
    plain = "The crossing takes 35 minutes, as you would expect of a slow boat."
    item: ComparisonItem = compared(SPOKEN, plain)
    assert review_by_rule(item, LISTENER).answer("preference") == "left"
    assert review_by_rule(item, CHECKER).answer("preference") == "tie"


def test_an_answer_that_says_nothing_has_no_tone_and_is_unfaithful() -> None:
    review = review_by_rule(compared("", SPOKEN), LISTENER)
    assert review.answer("tone_left") == 1
    assert review.answer("faithful_left") == "no"
    assert review.answer("preference") == "right"


def test_sides_of_a_persona_are_asked_about_traits() -> None:
    review = review_by_rule(compared("No hurry.", "Hurry up."), LISTENER, CUES)
    assert review.answer("traits_left") == ("patient",)
    assert review.answer("tone_left") is None


def test_sentences_are_measured_in_words() -> None:
    reading = read("It's late. You don't want to wait here for long, do you?")
    assert (reading.words, reading.longest_sentence) == (12, 10)
    assert reading.sentence_words == 6
    assert reading.addresses


def test_numbers_are_the_same_however_their_thousands_are_parted() -> None:
    assert read("That's 1,912 of them.", "In all there were 1912.").strange_numbers == ()


def test_a_text_that_goes_round_in_circles_is_noticed() -> None:
    assert read("the ferry is the ferry is the ferry is the ferry is").repeated > 0.4
