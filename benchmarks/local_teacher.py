"""The speed of `local:` beside `transformers:` on the same rows with the same model.

Run: `python -m benchmarks.local_teacher GGUF FOLDER [ROWS] [--record]`, with a model as a GGUF file
and as a folder for transformers.
"""

import sys
import time
from pathlib import Path
from random import Random

from benchmarks.phrasebook import ARTICLES, read_passages
from benchmarks.record import publish
from db.records import plain
from pipelines.articles.spans import choose_spans
from pipelines.plan import GenerationPlan, Resources
from pipelines.prompting import render_block, render_examples
from pipelines.teachers.completion import Prompt
from pipelines.teachers.registry import build_teacher
from pipelines.voices.tone import TonePhrases
from pipelines.worked_examples import voice_examples
from timbre.campaign import load_tone
from timbre.workflows.generate.plan import local_writer

_MAX_TOKENS = 100


def prompts(count: int) -> list[Prompt]:
    """Prompts that ask for rewrites of real sentences, with the tone's worked examples."""
    tone = load_tone("conversational")
    examples = [{**example.values, "tone": tone} for example in voice_examples(tone)]
    system = render_block("tone_answer.v2", "system", tone=plain(tone))
    prefix = [{"role": "system", "content": system}, *render_examples("tone_answer.v2", examples)]
    spans = [
        choose_spans(passage.text, 1, Random(0))  # noqa: S311 # not a secret
        for passage in read_passages(Path(ARTICLES), 2 * count)
    ]
    texts = [span[0] for span in spans if span][:count]
    return [Prompt([*prefix, {"role": "user", "content": text}]) for text in texts]


def measure(teacher: str, rows: list[Prompt]) -> list[str]:
    """A row of the table: seconds to load, seconds for all rows, and tokens per second."""
    plan = GenerationPlan("b", teacher=teacher, temperature=0.0, max_tokens=_MAX_TOKENS)
    kind, _, model = teacher.partition(":")
    if kind == "transformers":
        plan = GenerationPlan(
            "b", teacher=teacher, temperature=0.0, max_tokens=_MAX_TOKENS,
            resources=Resources(writer=local_writer(model, plan)),
        )  # fmt: skip
    llm = build_teacher(plan, TonePhrases())
    start = time.perf_counter()
    llm.load()
    loaded = time.perf_counter()
    try:
        replies = llm.ask(rows)
    finally:
        llm.unload()
    seconds = time.perf_counter() - loaded
    wrote = sum(reply.output_tokens or 0 for reply in replies)
    figures = (loaded - start, seconds, wrote, wrote / seconds)
    return [f"`{kind}:`", *(f"{figure:,.1f}" for figure in figures)]


def main(gguf: str, folder: str, count: str = "24", option: str = "") -> None:
    """Print or record the table."""
    rows = prompts(int(count))
    table = [measure(f"local:{gguf}", rows), measure(f"transformers:{folder}", rows)]
    lines = [
        f"{len(rows)} rewrites with {Path(gguf).stem} and {Path(folder).name}:",
        "",
        "| teacher | load (s) | all replies (s) | tokens written | tokens/s |",
        "| --- | --- | --- | --- | --- |",
        *(f"| {' | '.join(row)} |" for row in table),
    ]
    publish("local_teacher", lines, option == "--record")


if __name__ == "__main__":
    main(*sys.argv[1:])
