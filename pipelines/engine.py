"""Run a distilabel pipeline in this process and yield each row as soon as it's finished.

Distilabel's `Pipeline.run` starts a process for each step and returns rows only at the end. This
engine runs the steps of a distilabel pipeline one after another, so rows are streamed and
breakpoints work. The pipeline itself isn't changed, so distilabel can still validate, dump or run
it.
"""

import itertools
import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from distilabel.pipeline.local import Pipeline

from pipelines.plan import BATCH

FIRST_BATCH = 3


@contextmanager
def quiet_distilabel() -> Iterator[None]:
    """Hide distilabel's warnings about steps that run outside its pipeline loop."""
    logger = logging.getLogger("distilabel")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def stream_rows(
    pipeline: Pipeline,
    rows: Iterable[dict[str, Any]],
    batch_size: int = BATCH,
    first_batch: int = FIRST_BATCH,
) -> Iterator[dict[str, Any]]:
    """Run rows through all steps of a linear pipeline in batches, and yield the results.

    The first batch is small by default, so that a failing teacher is noticed early.
    """
    steps = [pipeline.dag.get_step(name)["step"] for name in pipeline.dag]
    with quiet_distilabel():
        for step in steps:
            step.load()
    try:
        source = iter(rows)
        sizes = itertools.chain([min(first_batch, batch_size)], itertools.repeat(batch_size))
        while batch := list(itertools.islice(source, next(sizes))):
            for step in steps:
                batch = [row for out in step.process_applying_mappings(batch) for row in out]
            yield from batch
    finally:
        for step in steps:
            step.unload()
