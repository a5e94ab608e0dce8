"""Outputs measured: target, tone, traits and content, each value kept once per output."""

from collections.abc import Iterator, Sequence

from db.records import Example, Measure, Output, Passage
from db.store import Store
from evaluation.aims import Aim
from evaluation.content import CONTENT_SOURCE, content_measures
from studies.scoring import similarity
from timbre.console import Advance

_SIMILARITY_SOURCE = f"{CONTENT_SOURCE}+all-MiniLM-L6-v2"


def measure_outputs(store: Store, outputs: Sequence[Output], aim: Aim, advance: Advance) -> int:
    """Measure outputs that have not been measured for this aim; returns how many values are new."""
    made = {"name": aim.feature.name, "source": aim.source_of(aim.feature.name)}
    fresh = [o for o in outputs if not store.count(Measure, subject=o.id, **made)]
    if not fresh:
        return 0
    examples = {e: store.get(Example, e) for e in {output.prompt for output in fresh}}
    known = [(output, example) for output in fresh if (example := examples[output.prompt])]
    close = similarity([(output.text, example.reference) for output, example in known])
    new = 0
    for done, ((output, example), alike) in enumerate(zip(known, close, strict=True), 1):
        new += store.add(_measures(store, output, example, aim, alike))
        advance(done, len(known))
    return new


def _measures(
    store: Store, output: Output, example: Example, aim: Aim, alike: float | None
) -> Iterator[Measure]:
    for name, value in aim.measures_of(output.text).items():
        yield Measure(subject=output.id, name=name, source=aim.source_of(name), value=value)
    passage = store.get(Passage, example.passage) if example.passage else None
    content = content_measures(
        output.text, example.reference, passage.text if passage else "", alike
    )
    for name, value in content.items():
        source = _SIMILARITY_SOURCE if name == "similarity" else CONTENT_SOURCE
        yield Measure(subject=output.id, name=name, source=source, value=value)
