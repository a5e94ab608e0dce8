"""Rows a second through the tone pipeline, an instant teacher: walked, or run by distilabel.

Run: `python -m benchmarks.generation_engine 10000`. distilabel writes its own cache, here into a
throw-away folder; its figure includes the start of its processes, which is given beside it.
"""

import json
import logging
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from distilabel.models.llms.base import LLM
from distilabel.pipeline.local import Pipeline

from pipelines.conversations import tone_pipeline
from pipelines.engine import walk
from pipelines.tone_file import load_tone

TEXT = "The viaduct was built in 1867. It carries two tracks across the valley of the Orrin. " * 5
TONE = Path(__file__).parents[1] / "configs" / "tones" / "conversational.toml"


class Instant(LLM):  # type: ignore[misc] # distilabel ships no types
    """A teacher that answers every prompt at once, with all the keys a task could ask for."""

    reply: str = json.dumps({"questions": ["What?"], "plain_answer": TEXT, "answer": TEXT})

    @property
    def model_name(self) -> str:
        """What this teacher is called."""
        return "instant"

    def generate(self, inputs: list[Any], num_generations: int = 1) -> list[dict[str, Any]]:
        """The same reply to every prompt."""
        del num_generations
        counts = {"input_tokens": [1], "output_tokens": [1]}
        return [{"generations": [self.reply], "statistics": counts} for _ in inputs]


def rows(count: int) -> list[dict[str, Any]]:
    """Rows as the tone pipeline takes them."""
    return [{"passage": f"{n}. {TEXT}", "passage_id": str(n), "subject": "x"} for n in range(count)]


def walked(count: int) -> int:
    """How many rows come out of the pipeline walked in this process."""
    return sum(1 for _ in walk(tone_pipeline(load_tone(TONE), Instant()), rows(count)))


def run(batch: int) -> Callable[[int], int]:
    """The same by distilabel's own run, with the given batch size in every step."""

    def by_distilabel(count: int) -> int:
        pipeline: Pipeline = tone_pipeline(load_tone(TONE), Instant())
        with tempfile.TemporaryDirectory() as folder:
            pipeline._cache_dir = Path(folder)
            sizes = {name: {"input_batch_size": batch} for name in pipeline.dag}
            made = pipeline.run(
                parameters=sizes,
                dataset=rows(count),
                dataset_batch_size=batch,
                use_cache=False,
                logging_handlers=[logging.NullHandler()],
            )
            return len(made["default"]["train"])

    return by_distilabel


def main(count: int) -> None:
    """Prints a line for each way."""
    warnings.simplefilter("ignore")
    ways = {"walked in this process": walked, "distilabel, batch 50": run(50),
            "distilabel, batch 500": run(500)}  # fmt: skip
    for name, way in ways.items():
        started = time.perf_counter()
        made = way(count)
        seconds = time.perf_counter() - started
        print(f"{name}: {made} rows in {seconds:.1f} s, {made / seconds:.0f} rows/s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
