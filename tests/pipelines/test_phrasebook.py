"""The offline teacher: what it asks, what it answers, and how it tells an answer again."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.prompting import part, render
from pipelines.teachers.address import addressed
from pipelines.teachers.phrasebook import Phrasebook
from pipelines.teachers.questions import ask, plain_answer
from pipelines.teachers.retelling import retell
from pipelines.teachers.splitting import split
from pipelines.teachers.wording import after, contract, lead_in, plain_words
from pipelines.tone_file import Tone, TonePhrases


def dice(seed: int = 0) -> Random:
    return Random(seed)  # noqa: S311 # no secret


def asked(sentence: str, after: str = "Nothing else is known of it.") -> set[str]:
    """Everything that is asked about a sentence, without the words put before a question."""
    made = {
        question for seed in range(80) for question in ask(f"{sentence} {after}", 1, dice(seed))
    }
    return {q for q in made if q[0].isupper() and not q.startswith(("Tell", "Quick", "Just", "I "))}


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
def test_a_question_names_the_subject_and_asks_for_what_the_sentence_tells(
    sentence: str, question: str
) -> None:
    assert question in asked(sentence)


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
def test_nothing_is_asked_where_the_subject_or_the_sentence_is_not_clear(sentence: str) -> None:
    assert asked(sentence, after="Hm; hm.") == set()


def test_a_pronoun_is_asked_about_by_the_name_before_it() -> None:
    passage = "Agnes Tulloch was a shy but very able engineer. She built the old bridge in Perth."
    made = {q for seed in range(40) for q in ask(passage, 2, dice(seed))}
    assert any(q.endswith("hat did Agnes Tulloch build?") for q in made)


def test_the_answer_is_the_sentence_asked_about_and_the_next_one_verbatim() -> None:
    passage = (
        "The Orrin Viaduct is a railway bridge. It was built in 1867 by Agnes Tulloch. The viaduct "
        "has eleven arches of local sandstone. The company strengthened it in the year of 1931."
    )
    answer = plain_answer(passage, "Hey, what does the viaduct have?")
    assert answer == (
        "The viaduct has eleven arches of local sandstone. The company strengthened it in the year "
        "of 1931."
    )
    assert plain_answer(passage, "Who on earth built that thing, Agnes?").startswith("It was built")


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
def test_a_long_sentence_is_cut_where_both_parts_can_stand(sentence: str, parts: list[str]) -> None:
    assert parts in [split(sentence, dice(seed)) for seed in range(20)]


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
def test_a_sentence_is_left_whole_where_a_part_could_not_stand(sentence: str) -> None:
    assert [split(sentence, dice(seed)) for seed in range(10)] == [[sentence]] * 10


def test_words_are_made_plain_but_names_quotations_and_passives_stay() -> None:
    assert plain_words("She received numerous letters prior to 1900.") == (
        "She got many letters before 1900."
    )
    assert plain_words("It was received well.") == "It was received well."
    assert plain_words('the "numerous" Upon-Avon') == 'the "numerous" Upon-Avon'


def test_contractions_are_those_of_speech() -> None:
    assert (
        contract("It is not known, and they did not ask.") == "It's not known, and they didn't ask."
    )
    assert (
        contract('He said "it is" so. She would have to go.')
        == 'He said "it is" so. She\'d have to go.'
    )


def test_bookish_beginnings_are_spoken() -> None:
    made = {lead_in("However, The line was closed.", dice(seed)) for seed in range(9)}
    assert made == {"But the line was closed.", "Still, the line was closed."}
    assert "Back in 1867, it opened." in {lead_in("In 1867, it opened.", dice(n)) for n in range(9)}


def test_a_sentence_after_other_words_begins_small_unless_with_a_name() -> None:
    context = "What did critics say of Burroughs? Critics argued. Burroughs wrote that Tulloch won."
    assert after("So,", "The line was closed.", context) == "So, the line was closed."
    assert after("So,", "Tulloch closed the line.", context) == "So, Tulloch closed the line."
    assert after("So,", "Critics argue that.", context) == "So, critics argue that."
    assert after("So,", "Burroughs said so.", context) == "So, Burroughs said so."
    assert after("So,", "HMS Orrin sank in 1901.", "") == "So, HMS Orrin sank in 1901."
    assert after("Sure.", "The line was closed.", context) == "Sure. The line was closed."


def test_a_phrase_is_left_out_where_a_beginning_could_be_a_name_or_not() -> None:
    assert after("So,", "Meadows argued about it.", "") == "Meadows argued about it."
    assert after("Here it is:", "Meadows argued.", "") == "Here it is: Meadows argued."


def test_what_can_be_found_is_said_to_the_listener() -> None:
    assert (
        addressed("The moth is found in damp meadows.") == "You'll find the moth in damp meadows."
    )
    assert addressed("It can be seen from the hill.") == "You can see it from the hill."
    assert addressed("The moth was found in 1802.") == "The moth was found in 1802."


ANSWER = (
    "The Orrin Viaduct was constructed in 1867 by Agnes Tulloch, and it carries two tracks. It has "
    "eleven arches, which are made of local sandstone, and it did not receive a name until 1901."
)


@given(st.integers(0, 10_000))
def test_a_retelling_keeps_every_number_and_name(tone_seed: int) -> None:
    phrases = TonePhrases(
        moves=("lead_ins", "split", "address", "plain_words", "contract"),
        openers=("Sure, so", "Okay."),
        links=("And", "Also,"),
        questions=("Want more?",),
        opener_share=0.5,
        link_share=0.5,
        question_share=0.5,
    )
    told = retell(ANSWER, "When was it built?", phrases, dice(tone_seed))
    for kept in ("1867", "Agnes Tulloch", "two tracks", "eleven arches", "local sandstone", "1901"):
        assert kept in told
    assert "didn't receive a name" in told
    assert "constructed" not in told


def test_the_teacher_reads_what_is_asked_for_from_the_prompt(tone: Tone) -> None:
    teacher = Phrasebook(seed=3, tone=tone.phrasebook)
    chat = render("question.v1", passage=ANSWER, count=2)
    (made,) = teacher.generate([chat])
    assert len(json.loads(made["generations"][0])["questions"]) == 2
    assert made["statistics"]["input_tokens"][0] > 50
    assert teacher.generate([chat, chat])[1] == made
    assert teacher.generate([[{"role": "user", "content": "Hello?"}]])[0]["generations"] == [None]


def test_several_generations_of_one_prompt_differ(tone: Tone) -> None:
    chat = render("tone_answer.v1", question="Why?", plain_answer=ANSWER, tone=vars(tone))
    (made,) = Phrasebook(tone=tone.phrasebook).generate([chat], num_generations=5)
    assert len(set(made["generations"])) > 3


def test_a_part_of_a_prompt_may_hold_tags_of_its_own() -> None:
    assert part("<passage>\na <passage> b </passage> c\n</passage>", "passage") == (
        "a <passage> b </passage> c"
    )
    assert part("nothing", "passage") == ""


@pytest.fixture
def paragraphs(shared_data: Callable[[str], Path]) -> list[str]:
    """Paragraphs of real articles, a few of each."""
    import lzma

    path = shared_data("wikipedia-good-2019") / "enwiki_good_articles_1990.jsonl.xz"
    found: list[str] = []
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        for line in list(lines)[::10]:
            article: dict[str, Any] = json.loads(line)
            long = [p for p in article["text"].split("\n\n") if 40 <= len(p.split()) <= 150]
            found += long[1:4]
    return found


def test_on_real_paragraphs_no_phrase_of_its_own_is_in_more_than_a_twentieth_of_the_answers(
    paragraphs: list[str], tone: Tone
) -> None:
    said: Counter[tuple[str, ...]] = Counter()
    answers = 0
    for n, paragraph in enumerate(paragraphs):
        for question in ask(paragraph, 1, dice(n)):
            told = retell(plain_answer(paragraph, question), question, tone.phrasebook, dice(n))
            said.update(_runs(told) - _runs(f"{paragraph} {question}"))
            answers += 1
    assert answers > 0.75 * len(paragraphs)
    phrase, most = said.most_common(1)[0]
    assert most / answers <= 0.05, " ".join(phrase)


def _runs(text: str) -> set[tuple[str, ...]]:
    from pipelines.words import words

    said = [word.lower() for word in words(text)]
    return set(zip(said, said[1:], said[2:], said[3:], strict=False))
