"""Embeddings of the bundled model: unit vectors, like with like, offline."""

import socket

import numpy as np
import pytest

from trainer.embed import embed

TEXTS = [
    "The cat sleeps on the mat.",
    "A kitten naps on a rug.",
    "Interest rates rose by half a per cent.",
]


def test_each_text_is_a_unit_vector_of_384_numbers() -> None:
    vectors = embed(TEXTS)
    assert vectors.shape == (3, 384)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_texts_that_mean_the_same_are_nearer_than_others() -> None:
    cat, kitten, rates = embed(TEXTS)
    assert cat @ kitten > 0.5
    assert cat @ rates < 0.2


def test_the_rows_follow_the_texts_and_a_repeat_is_the_same_row() -> None:
    vectors = embed([TEXTS[2], TEXTS[0], TEXTS[2]])
    assert np.array_equal(vectors[0], vectors[2])
    assert np.allclose(vectors[1], embed(TEXTS)[0], atol=1e-5)


def test_no_texts_are_no_rows() -> None:
    assert embed([]).shape == (0, 384)


def test_no_network_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert embed(["offline"]).shape == (1, 384)
