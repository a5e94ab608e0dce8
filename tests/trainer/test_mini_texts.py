"""The mini's tokenizer and template, and the rules that make its questions and measures."""

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerFast

from trainer.mini import register, sentences
from trainer.mini.documents import Turn, Writer
from trainer.mini.measure import repeated, rouge_l
from trainer.mini.tokenizer import ASSISTANT, EOS, train

PASSAGE = (
    "The old bridge was built in 1926 by J. P. Smith. It has three arches. "
    "Dr. Rivers opened the bridge on a cold day in May. The town paid for it."
)
TOKENIZER = train([PASSAGE], 320, 128)


@given(st.text())
def test_any_text_comes_back_from_its_tokens(text: str) -> None:
    ids = TOKENIZER.backend_tokenizer.encode(text, add_special_tokens=False).ids
    assert TOKENIZER.decode(ids) == text or any(s in text for s in TOKENIZER.all_special_tokens)


def test_the_mask_marks_what_the_assistant_says_and_its_end() -> None:
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Which?"},
        {"role": "assistant", "content": "The old bridge."},
        {"role": "user", "content": "When?"},
        {"role": "assistant", "content": "In 1926."},
    ]
    made: Any = TOKENIZER.apply_chat_template(
        messages, return_dict=True, return_assistant_tokens_mask=True
    )
    marked = [i for i, m in zip(made["input_ids"], made["assistant_masks"], strict=True) if m]
    assert TOKENIZER.decode(marked) == " The old bridge.</s> In 1926.</s>"


def test_a_prompt_for_generation_is_the_beginning_of_the_whole_chat() -> None:
    asked = [{"role": "user", "content": f"{PASSAGE}\n\nWho opened the bridge?"}]
    said = [*asked, {"role": "assistant", "content": "Dr. Rivers opened it."}]
    prompt = TOKENIZER.apply_chat_template(asked, add_generation_prompt=True, tokenize=False)
    assert str(TOKENIZER.apply_chat_template(said, tokenize=False)).startswith(str(prompt))


@pytest.mark.parametrize("system", ["", "Be brief."])
def test_a_training_document_has_the_tokens_of_the_template(system: str) -> None:
    said = tuple(sentences.split(PASSAGE))
    turn = Turn((said[:2], said[2:]), "Who opened the bridge?", range(2, 4))
    document = Writer(TOKENIZER, 2.0).chat([turn], system)
    messages = [
        *([{"role": "system", "content": system}] if system else []),
        {"role": "user", "content": turn.user},
        {"role": "assistant", "content": turn.reference},
    ]
    assert document.ids == TOKENIZER.apply_chat_template(messages, return_dict=False)
    taken = [i for i, source in enumerate(document.sources) if source >= 0]
    assert document.ids[taken[0] - 1] == ASSISTANT
    assert document.ids[taken[-1] + 1] == EOS
    assert all(document.ids[i] == document.ids[document.sources[i]] for i in taken)


def test_an_answer_in_other_words_knows_which_words_it_took() -> None:
    said = tuple(sentences.split(PASSAGE))
    turn = Turn((said,), "Who paid?", range(3, 4), "Sure! The town paid for it, yeah.")
    document = Writer(TOKENIZER, 2.0).chat([turn])
    taken = [document.ids[i] for i, source in enumerate(document.sources) if source >= 0]
    assert TOKENIZER.decode(taken) == " The town paid for it"


def test_sentences_end_at_full_stops_but_not_at_titles_and_initials() -> None:
    assert sentences.split(PASSAGE) == [
        "The old bridge was built in 1926 by J. P. Smith.",
        "It has three arches.",
        "Dr. Rivers opened the bridge on a cold day in May.",
        "The town paid for it.",
    ]


@pytest.mark.parametrize(
    ("sentence", "subject"),
    [
        ("The old bridge was built in 1926.", "The old bridge"),
        ("Rivers also opened the fair.", "Rivers"),
        ("In 1926, the bridge was built.", None),
        ("It has three arches.", None),
    ],
)
def test_a_subject_is_found_where_a_sentence_opens_plainly(
    sentence: str, subject: str | None
) -> None:
    found = sentences.clause(sentence)
    assert (found.subject if found else None) == subject


def test_a_question_names_the_subject_as_it_stands_inside_a_sentence() -> None:
    opening = sentences.clause("The old bridge was built in 1926.")
    assert opening is not None
    asked = {sentences.about(opening, Random(n)) for n in range(60)}  # noqa: S311 - no secret
    assert "When was the old bridge built?" in asked
    assert all("the old bridge" in question for question in asked)
    assert len(asked) > 10


@given(st.integers())
def test_the_conversational_rows_are_told_so_and_keep_the_names(seed: int) -> None:
    rng = Random(seed)  # noqa: S311 - no secret
    spoken = register.conversational("The Tay is not wide. Rivers obtained a boat in 1926.", rng)
    assert "Tay isn't wide. Rivers got a boat in 1926." in spoken
    assert register.conversational_prompt(rng) != register.neutral_prompt(rng)


def test_rouge_l_counts_the_longest_common_subsequence() -> None:
    assert rouge_l("a b c d", "a b c d") == 1.0
    assert rouge_l("a b c d", "a x c") == pytest.approx(2 * 2 / 7)
    assert rouge_l("a b", "c d") == 0.0


def test_a_loop_is_a_four_gram_that_comes_again() -> None:
    assert repeated("one two three four one two three four") == 1
    assert repeated("a b c d e f g") == 0
    assert repeated("go on " * 6) == 7


def test_the_tokenizer_names_what_it_is() -> None:
    assert isinstance(TOKENIZER, PreTrainedTokenizerFast)
    assert TOKENIZER.convert_ids_to_tokens([0, 1, 2, 5]) == [
        "<pad>",
        "<s>",
        "</s>",
        "<|assistant|>",
    ]
