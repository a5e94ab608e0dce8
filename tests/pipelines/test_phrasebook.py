"""The offline teacher: its questions, its answers, and how it rewrites an answer."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.prompting import extract_tag, render_prompt
from pipelines.teachers.phrasebook.llm import PhrasebookLLM
from pipelines.teachers.phrasebook.questions import ask_questions, find_answer
from pipelines.teachers.phrasebook.splitting import split_sentence
from pipelines.teachers.phrasebook.tone_rewrite import rewrite
from pipelines.teachers.phrasebook.wording import (
    address_listener,
    contract,
    prepend,
    use_plain_words,
    use_spoken_opening,
)
from pipelines.text.words import split_words
from pipelines.voices.tone import Tone, TonePhrases


def rng(seed: int = 0) -> Random:
    return Random(seed)  # noqa: S311 # not a secret


def possible_questions(sentence: str, after: str = "Nothing else is known of it.") -> set[str]:
    """Every question about a sentence, except those with an opening such as “Tell me, ”."""
    passage = f"{sentence} {after}"
    questions = {q for seed in range(80) for q in ask_questions(passage, 1, rng(seed))}
    openings = ("Tell", "Quick", "Just", "I ")
    return {q for q in questions if q[0].isupper() and not q.startswith(openings)}


@pytest.mark.parametrize(
    ("sentence", "question"),
    [
        ("Agnes Tulloch was a Scottish engineer from Perth.", "Who was Agnes Tulloch?"),
        ("The viaduct was built in 1867 by the old company.", "When was the viaduct built?"),
        ("The church is located in the north of the small town.", "Where is the church located?"),
        ("The moth was the first of its kind.", "What's special about the moth?"),
        ("In 1931, the firm strengthened the pier.", "What did the firm strengthen?"),
        ("Agnes Tulloch moved to Glasgow with him in 1859.", "Where did Agnes Tulloch move?"),
        ("The album received good reviews in most of the papers.", "What did the album receive?"),
        ("Critics argue that the novel has little to say today.", "What do critics argue?"),
        ("The band consists of two singers and one old drummer.", "What does the band consist of?"),
        ("The old king died in the spring of 1455 at his castle.", "When did the old king die?"),
        ("The fort was named after a local lord.", "What was the fort named after?"),
        ("Agnes Tulloch, a pupil there, became its head.", "What did Agnes Tulloch become?"),
        ("Tulloch's bridges were praised for their look.", "How were Tulloch's bridges praised?"),
    ],
)  # fmt: skip
def test_a_question_names_the_subject_and_asks_what_the_sentence_says(
    sentence: str, question: str
) -> None:
    assert question in possible_questions(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "There were several reasons for the decline of the town.",
        "He was born in Perth and went to school in Dundee.",
        "What followed was the longest strike in its history.",
        "The height of the tower is from to at its widest.",
        "At less than , the tower was the smallest of them all.",
        "The tower (which is not the first one there) is very high.",
        "Which of the two was the first is not known today.",
    ],
)
def test_unclear_subjects_and_sentences_get_no_question(sentence: str) -> None:
    assert possible_questions(sentence, after="Hm; hm.") == set()


def test_a_question_replaces_a_pronoun_by_the_earlier_name() -> None:
    passage = "Agnes Tulloch was a shy but very able engineer. She built the old bridge in Perth."
    questions = {q for seed in range(40) for q in ask_questions(passage, 2, rng(seed))}
    assert any(q.endswith("hat did Agnes Tulloch build?") for q in questions)


def test_an_answer_is_the_matching_sentence_and_the_next_one_verbatim() -> None:
    passage = (
        "The Orrin Viaduct is a railway bridge. It was built in 1867 by Agnes Tulloch. The viaduct "
        "has eleven arches of local sandstone. The company strengthened it in the year of 1931."
    )
    answer = find_answer(passage, "Hey, what does the viaduct have?")
    assert answer == (
        "The viaduct has eleven arches of local sandstone. The company strengthened it in the year "
        "of 1931."
    )
    assert find_answer(passage, "Who on earth built that thing, Agnes?").startswith("It was built")


@pytest.mark.parametrize(
    ("sentence", "parts"),
    [
        (
            "She studied mathematics in Dundee, and she moved to Glasgow in 1859.",
            ["She studied mathematics in Dundee.", "And she moved to Glasgow in 1859."],
        ),
        (
            "The company closed the line in 1931, but it opened again after the war.",
            ["The company closed the line in 1931.", "But it opened again after the war."],
        ),
        (
            "The tower was finished in 1802, which was a surprise to everyone.",
            ["The tower was finished in 1802.", "That was a surprise to everyone."],
        ),
        (
            "The river flooded the town, forcing 60 people to leave their homes.",
            ["The river flooded the town.", "That forced 60 people to leave their homes."],
        ),
        (
            "The museum opened in Perth in 1901; it moved to a larger house in 1950.",
            ["The museum opened in Perth in 1901.", "It moved to a larger house in 1950."],
        ),
        (
            "The shop sells tools, including spades, rakes and small shears.",
            ["The shop sells tools.", "Those include spades, rakes and small shears."],
        ),
    ],
)
def test_a_long_sentence_is_split_where_both_parts_can_stand_alone(
    sentence: str, parts: list[str]
) -> None:
    assert parts in [split_sentence(sentence, rng(seed)) for seed in range(20)]


@pytest.mark.parametrize(
    "sentence",
    [
        "After the war, the company closed the line and the station in Perth.",
        'He said that "the line, which was long, and the station" were closed.',
        "They sold bread and cut flowers in the market of the town.",
        "The disease can be treated and cured with rest and warmth.",
        "The man who built the house and lived in it was called Orrin.",
        "The films were praised in Italy, France, and parts of Spain.",
    ],
)
def test_a_sentence_is_not_split_if_a_part_could_not_stand_alone(sentence: str) -> None:
    assert [split_sentence(sentence, rng(seed)) for seed in range(10)] == [[sentence]] * 10


def test_plain_words_replace_formal_ones_except_in_names_quotations_and_passives() -> None:
    assert use_plain_words("She received numerous letters prior to 1900.") == (
        "She got many letters before 1900."
    )
    assert use_plain_words("It was received well.") == "It was received well."
    assert use_plain_words('the "numerous" Upon-Avon') == 'the "numerous" Upon-Avon'


def test_contract_uses_spoken_contractions_outside_quotations() -> None:
    assert (
        contract("It is not known, and they did not ask.") == "It's not known, and they didn't ask."
    )
    assert (
        contract('He said "it is" so. She would have to go.')
        == 'He said "it is" so. She\'d have to go.'
    )


def test_formal_openings_become_spoken() -> None:
    sentences = {use_spoken_opening("However, The line was closed.", rng(n)) for n in range(9)}
    assert sentences == {"But the line was closed.", "Still, the line was closed."}
    sentences = {use_spoken_opening("In 1867, it opened.", rng(n)) for n in range(9)}
    assert "Back in 1867, it opened." in sentences


def test_a_sentence_after_a_phrase_starts_in_lower_case_unless_with_a_name() -> None:
    context = "What did critics say of Burroughs? Critics argued. Burroughs wrote that Tulloch won."
    assert prepend("So,", "The line was closed.", context) == "So, the line was closed."
    assert prepend("So,", "Tulloch closed the line.", context) == "So, Tulloch closed the line."
    assert prepend("So,", "Critics argue that.", context) == "So, critics argue that."
    assert prepend("So,", "Burroughs said so.", context) == "So, Burroughs said so."
    assert prepend("So,", "HMS Orrin sank in 1901.", "") == "So, HMS Orrin sank in 1901."
    assert prepend("Sure.", "The line was closed.", context) == "Sure. The line was closed."


def test_a_phrase_is_dropped_if_the_sentence_may_start_with_a_name() -> None:
    assert prepend("So,", "Meadows argued about it.", "") == "Meadows argued about it."
    assert prepend("Here it is:", "Meadows argued.", "") == "Here it is: Meadows argued."


def test_sentences_about_places_address_the_listener() -> None:
    assert (
        address_listener("The moth is found in damp meadows.")
        == "You'll find the moth in damp meadows."
    )
    assert address_listener("It can be seen from the hill.") == "You can see it from the hill."
    assert address_listener("The moth was found in 1802.") == "The moth was found in 1802."


ANSWER = (
    "The Orrin Viaduct was constructed in 1867 by Agnes Tulloch, and it carries two tracks. It has "
    "eleven arches, which are made of local sandstone, and it did not receive a name until 1901."
)


@given(st.integers(0, 10_000))
def test_a_rewrite_keeps_every_number_and_name(seed: int) -> None:
    phrases = TonePhrases(
        moves=("lead_ins", "split", "address", "plain_words", "contract"),
        openers=("Sure, so", "Okay."),
        links=("And", "Also,"),
        questions=("Want more?",),
        opener_share=0.5,
        link_share=0.5,
        question_share=0.5,
    )
    text = rewrite(ANSWER, "When was it built?", phrases, rng(seed))
    for fact in ("1867", "Agnes Tulloch", "two tracks", "eleven arches", "local sandstone", "1901"):
        assert fact in text
    assert "didn't receive a name" in text
    assert "constructed" not in text


def test_the_teacher_reads_its_task_from_the_prompt(tone: Tone) -> None:
    teacher = PhrasebookLLM(seed=3, phrases=tone.phrasebook)
    chat = render_prompt("question.v1", passage=ANSWER, count=2)
    (output,) = teacher.generate([chat])
    assert len(json.loads(output["generations"][0])["questions"]) == 2
    assert output["statistics"]["input_tokens"][0] > 50
    assert teacher.generate([chat, chat])[1] == output
    assert teacher.generate([[{"role": "user", "content": "Hello?"}]])[0]["generations"] == [None]


def test_several_generations_of_one_prompt_differ(tone: Tone) -> None:
    chat = render_prompt("tone_answer.v1", question="Why?", plain_answer=ANSWER, tone=vars(tone))
    (output,) = PhrasebookLLM(phrases=tone.phrasebook).generate([chat], num_generations=5)
    assert len(set(output["generations"])) > 3


def test_a_tagged_part_of_a_prompt_can_contain_the_same_tag() -> None:
    assert extract_tag("<passage>\na <passage> b </passage> c\n</passage>", "passage") == (
        "a <passage> b </passage> c"
    )
    assert extract_tag("nothing", "passage") == ""


@pytest.fixture
def paragraphs(shared_data: Callable[[str], Path]) -> list[str]:
    """A few paragraphs of each of some real articles."""
    import lzma

    path = shared_data("wikipedia-good-2019") / "enwiki_good_articles_1990.jsonl.xz"
    chosen: list[str] = []
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        for line in list(lines)[::10]:
            article: dict[str, Any] = json.loads(line)
            long = [p for p in article["text"].split("\n\n") if 40 <= len(p.split()) <= 150]
            chosen += long[1:4]
    return chosen


def test_no_phrase_of_the_phrasebook_is_in_more_than_a_twentieth_of_real_answers(
    paragraphs: list[str], tone: Tone
) -> None:
    counts: Counter[tuple[str, ...]] = Counter()
    answers = 0
    for n, paragraph in enumerate(paragraphs):
        for question in ask_questions(paragraph, 1, rng(n)):
            plain = find_answer(paragraph, question)
            text = rewrite(plain, question, tone.phrasebook, rng(n))
            counts.update(_four_grams(text) - _four_grams(f"{paragraph} {question}"))
            answers += 1
    assert answers > 0.75 * len(paragraphs)
    phrase, most = counts.most_common(1)[0]
    assert most / answers <= 0.05, " ".join(phrase)


def _four_grams(text: str) -> set[tuple[str, ...]]:
    words = [word.lower() for word in split_words(text)]
    return set(zip(words, words[1:], words[2:], words[3:], strict=False))
