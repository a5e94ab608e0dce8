"""The mini's tokenizer and template, its questions and register, and its measures."""

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerFast

from benchmarks.mini_measures import repeated, rouge_l
from recipes.mini import phrases
from recipes.mini.documents import ASSISTANT, EOS, Writer, train_tokenizer
from recipes.mini.questions import Turn, opening_clause, split, subject_question
from recipes.mini.recipe import Shape

PASSAGE = (
    "The old bridge was built in 1926 by J. P. Smith. It has three arches. "
    "Dr. Rivers opened the bridge on a cold day in May. The town paid for it."
)
TOKENIZER = train_tokenizer([PASSAGE], Shape(vocab_size=320, max_position_embeddings=128))


@given(st.text())
def test_any_text_survives_encoding_and_decoding(text: str) -> None:
    ids = TOKENIZER.backend_tokenizer.encode(text, add_special_tokens=False).ids
    assert TOKENIZER.decode(ids) == text or any(s in text for s in TOKENIZER.all_special_tokens)


def test_the_mask_covers_the_assistant_s_turns_and_their_ends() -> None:
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Which?"},
        {"role": "assistant", "content": "The old bridge."},
        {"role": "user", "content": "When?"},
        {"role": "assistant", "content": "In 1926."},
    ]
    rendered: Any = TOKENIZER.apply_chat_template(
        messages, return_dict=True, return_assistant_tokens_mask=True
    )
    marked = [
        i for i, m in zip(rendered["input_ids"], rendered["assistant_masks"], strict=True) if m
    ]
    assert TOKENIZER.decode(marked) == " The old bridge.</s> In 1926.</s>"


def test_a_prompt_is_a_prefix_of_the_whole_chat() -> None:
    question = [{"role": "user", "content": f"{PASSAGE}\n\nWho opened the bridge?"}]
    chat = [*question, {"role": "assistant", "content": "Dr. Rivers opened it."}]
    prompt = TOKENIZER.apply_chat_template(question, add_generation_prompt=True, tokenize=False)
    assert str(TOKENIZER.apply_chat_template(chat, tokenize=False)).startswith(str(prompt))


@pytest.mark.parametrize("system", ["", "Be brief."])
def test_a_document_has_the_tokens_of_the_template(system: str) -> None:
    parts = split(PASSAGE)
    turn = Turn((parts[:2], parts[2:]), "Who opened the bridge?", range(2, 4))
    document = Writer(TOKENIZER, 2.0).chat([turn], system)
    messages = [
        *([{"role": "system", "content": system}] if system else []),
        {"role": "user", "content": turn.user},
        {"role": "assistant", "content": turn.reference},
    ]
    assert document.ids == TOKENIZER.apply_chat_template(messages, return_dict=False)
    copied = [i for i, source in enumerate(document.sources) if source >= 0]
    assert document.ids[copied[0] - 1] == ASSISTANT
    assert document.ids[copied[-1] + 1] == EOS
    assert all(document.ids[i] == document.ids[document.sources[i]] for i in copied)


def test_a_rewritten_answer_knows_which_tokens_it_copied() -> None:
    parts = split(PASSAGE)
    turn = Turn((parts,), "Who paid?", range(3, 4), "Sure! The town paid for it, yeah.")
    document = Writer(TOKENIZER, 2.0).chat([turn])
    copied = [document.ids[i] for i, source in enumerate(document.sources) if source >= 0]
    assert TOKENIZER.decode(copied) == " The town paid for it"


def test_titles_and_initials_do_not_end_sentences() -> None:
    assert split(PASSAGE) == (
        "The old bridge was built in 1926 by J. P. Smith.",
        "It has three arches.",
        "Dr. Rivers opened the bridge on a cold day in May.",
        "The town paid for it.",
    )


@pytest.mark.parametrize(
    ("sentence", "subject"),
    [
        ("The old bridge was built in 1926.", "The old bridge"),
        ("Rivers also opened the fair.", "Rivers"),
        ("In 1926, the bridge was built.", None),
        ("It has three arches.", None),
    ],
)
def test_the_subject_of_a_plain_sentence_is_found(sentence: str, subject: str | None) -> None:
    clause = opening_clause(sentence)
    assert (clause.subject if clause else None) == subject


def test_a_question_names_the_subject_in_lower_case() -> None:
    clause = opening_clause("The old bridge was built in 1926.")
    assert clause is not None
    questions = {subject_question(clause, Random(n)) for n in range(60)}  # noqa: S311 - no secret
    assert "When was the old bridge built?" in questions
    assert all("the old bridge" in question for question in questions)
    assert len(questions) > 10


@given(st.integers())
def test_a_conversational_answer_keeps_names_and_numbers(seed: int) -> None:
    rng = Random(seed)  # noqa: S311 - no secret
    answer = phrases.conversational("The Tay is not wide. Rivers obtained a boat in 1926.", rng)
    assert "Tay isn't wide. Rivers got a boat in 1926." in answer
    assert phrases.conversational_prompt(rng) != phrases.neutral_prompt(rng)


def test_rouge_l_counts_the_longest_common_subsequence() -> None:
    assert rouge_l("a b c d", "a b c d") == 1.0
    assert rouge_l("a b c d", "a x c") == pytest.approx(2 * 2 / 7)
    assert rouge_l("a b", "c d") == 0.0


def test_a_repeated_four_gram_counts_as_a_loop() -> None:
    assert repeated("one two three four one two three four") == 1
    assert repeated("a b c d e f g") == 0
    assert repeated("go on " * 6) == 7


def test_special_tokens_have_fixed_ids() -> None:
    assert isinstance(TOKENIZER, PreTrainedTokenizerFast)
    assert TOKENIZER.convert_ids_to_tokens([0, 1, 2, 5]) == [
        "<pad>",
        "<s>",
        "</s>",
        "<|assistant|>",
    ]
