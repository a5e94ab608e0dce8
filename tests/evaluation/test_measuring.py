"""Measures of outputs, with an embedder that counts letters."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from db.records import CandidateKind, Example, Output, Split
from evaluation.criteria import Bound, ToneTarget, tone_criterion
from evaluation.measuring import (
    SIMILARITY_SOURCE,
    measure_outputs,
    measure_records,
    reference_similarities,
)

CALM = tone_criterion("calm", ToneTarget([Bound("questions", at_most=0)]))


def embed(texts: Sequence[str]) -> NDArray[np.float32]:
    counts = np.array([[text.count("a"), text.count("b")] for text in texts], dtype=np.float32)
    return np.asarray(counts / np.linalg.norm(counts, axis=1, keepdims=True))


def output(text: str) -> Output:
    return Output(prompt="p", arm="a", run=None, messages=(), text=text, generation="{}", seed=0)


def example(reference: str) -> Example:
    return Example(
        candidate="c",
        verdict="v",
        kind=CandidateKind.CONVERSATION,
        split=Split.TEST,
        reference=reference,
    )


def test_similarity_is_measured_only_with_a_reference() -> None:
    pairs = [("aa", "a"), ("ab", ""), ("a", "b")]
    assert reference_similarities(pairs, embed) == [pytest.approx(1), None, pytest.approx(0)]
    assert reference_similarities([("a", "")], embed) == [None]


def test_an_output_has_its_criterion_tone_and_content() -> None:
    outputs = [(output("a b"), example("a b")), (output("a?"), example(""))]
    first, second = measure_outputs(outputs, ["a passage", ""], CALM, embed)
    assert (first["calm"], second["calm"]) == (1, 0)
    assert first["similarity"] == pytest.approx(1)
    assert "similarity" not in second
    assert {"questions", "loops"} < set(second)


def test_each_record_has_the_source_that_defines_it() -> None:
    measures = {"calm": 1.0, "questions": 0.0, "loops": 0.0, "similarity": 0.5}
    sources = {m.name: m.source for m in measure_records(output("a"), measures, CALM)}
    assert sources == {
        "calm": CALM.source,
        "questions": "tone.v1",
        "loops": "content.v1",
        "similarity": SIMILARITY_SOURCE,
    }
