import pytest

from db.records import Candidate, CandidateKind, Message, Provenance, Role
from pipelines.checks.check import CheckInput, Failure
from pipelines.checks.invention import check_invention, find_invented_sentence
from pipelines.plan import VoiceRules

NO_RULES = VoiceRules()
PASSAGE = (
    "Robots were first shown at the fair in 1939. The machine could walk, speak and smoke, and it "
    "was seen by a large crowd (about 40,000 people). It was built by Westinghouse in Mansfield."
)


def check(answer: str, reference: str, question: str = "What could it do?") -> Failure | None:
    candidate = Candidate(
        campaign="c",
        kind=CandidateKind.CONVERSATION,
        provenance=Provenance((), "t", "{}", 0),
        messages=(Message(Role.USER, question), Message(Role.ASSISTANT, answer)),
        question=question,
        reference=reference,
    )
    return check_invention(CheckInput(candidate, PASSAGE))


@pytest.mark.parametrize(
    "sentence",
    [
        "It even wore a special hat called a robo hat.",
        "They were faster than a car.",
        "It's a bit like when you sell your toys to make money.",
    ],
)
def test_sentence_of_new_words_is_invented(sentence: str) -> None:
    answer = f"Sure! It could walk, speak and smoke. {sentence} Want to hear more?"
    failure = check(answer, "The machine could walk, speak and smoke.")
    assert failure == Failure("invented", f"“{sentence}”")


@pytest.mark.parametrize(
    "answer",
    [
        "Oh, good question! It could walk and speak, and you'd even have seen it smoke.",
        "So, it walked, it spoke and it smoked. Does that answer your question?",
        "Walking, speaking, smoking: it's done all of that, believe it or not. Pretty neat, huh?",
    ],
)
def test_reworded_answer_passes(answer: str) -> None:
    assert check(answer, "The machine could walk, speak and smoke.") is None


def test_dropped_number_or_name_fails() -> None:
    reference = "It was built by Westinghouse and shown in 1939."
    lost_number = check("Westinghouse built it, and they showed it.", reference)
    assert lost_number == Failure("dropped", "1939")
    lost_name = check("They built it, and it was shown in 1939.", reference)
    assert lost_name == Failure("dropped", "Westinghouse")
    assert check("Westinghouse built it, and it was shown back in 1939.", reference) is None


def test_answer_without_half_of_the_words_fails() -> None:
    failure = check(
        "It could speak.", "The machine could walk, speak and smoke cigars in a corner."
    )
    assert failure == Failure("dropped", "cigar, corn, machin, smok, walk")


def test_name_in_the_question_or_a_bracket_need_not_be_repeated() -> None:
    reference = "It was seen in Mansfield by a large crowd (about 40,000 people)."
    assert check("A large crowd saw it there.", reference, "Who saw it in Mansfield?") is None


def test_imported_chat_without_a_reference_passes() -> None:
    assert check("It even wore a special hat called a robo hat.", "") is None


def test_empty_answer_has_no_invented_sentence() -> None:
    assert find_invented_sentence("", PASSAGE) == ""


def test_other_languages_are_not_checked() -> None:
    answer = "Das Ding trug sogar einen Hut namens Robohut."
    candidate = Candidate(
        campaign="c",
        kind=CandidateKind.CONVERSATION,
        provenance=Provenance((), "t", "{}", 0),
        messages=(Message(Role.USER, "Was?"), Message(Role.ASSISTANT, answer)),
        reference="Es konnte elf Sätze sprechen.",
    )
    assert check_invention(CheckInput(candidate, PASSAGE, "de")) is None
