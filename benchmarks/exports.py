"""Exports of a run on a real base model: how they match the adapter, and what llama.cpp answers.

Run it where the run was trained, with the extra `local` installed:

    python -m benchmarks.exports RUN [--record]

Each export is compared with the adapter as `timbre export` does. llama.cpp then serves each GGUF
file and answers the same held-out prompts.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.record import publish
from db.records import Example
from db.records import Run as RunRecord
from pipelines.teachers.served import Sampling
from pipelines.teachers.served import ServedModel as Served
from timbre.settings import read_settings
from timbre.stores import open_store
from timbre.workflows.answer import held_out_prompts, tuned_arm
from trainer.answer import Answerer
from trainer.arms import Arm, Decoding
from trainer.export.export_plan import Bounds, ExportPlan, GgufType, bounds_for
from trainer.export.formats import GGUF, export_gguf, export_merged
from trainer.export.parity import PROMPTS, Parity
from trainer.services.endpoint import answer_remotely
from trainer.services.llama_server import ServedModel, serve_model
from trainer.training.checkpoints import ADAPTER

PORT = 0
DECODING = Decoding(max_new_tokens=48)
SAMPLING = Sampling(DECODING.max_new_tokens, DECODING.temperature, DECODING.top_p, DECODING.seed)


@dataclass(frozen=True)
class Task:
    """An adapter, the prompts, and the adapter's answers to them."""

    arm: Arm
    adapter: Path
    prompts: Sequence[Example]
    answers: Sequence[str]


def rows(task: Task, folder: Path) -> Iterator[str]:
    """The row of each export."""
    for name in ("merged", *GgufType):
        started, cpu = time.monotonic(), time.process_time()
        path = folder / name
        if name == "merged":
            plan = ExportPlan(task.adapter, task.arm.base, task.arm.revision, bounds=Bounds())
            parity = export_merged(plan, path, task.prompts)
        else:
            bounds = bounds_for(GgufType(name))
            plan = ExportPlan(task.adapter, task.arm.base, task.arm.revision, bounds=bounds)
            parity = export_gguf(plan, GgufType(name), path, task.prompts)
        seconds, cpu = time.monotonic() - started, time.process_time() - cpu
        served = "" if name == "merged" else served_answers(task, path / GGUF)
        size = sum(file.stat().st_size for file in path.iterdir()) / 1e6
        yield f"| {name} | {size:.0f} | {describe(parity)} | {served} | {seconds:.0f} | {cpu:.0f} |"


def describe(parity: Parity) -> str:
    """Equal answers and tokens, and the mean and largest difference of the log-probabilities."""
    answers = f"{parity.same_answers} of {parity.prompts}"
    tokens = f"{parity.same_tokens:.1%}"
    return f"{answers} | {tokens} | {parity.difference:.4f} | {parity.worst:.2f}"


def served_answers(task: Task, path: Path) -> str:
    """How many of llama.cpp's greedy answers are the adapter's."""
    with serve_model(ServedModel("tuned", path, PORT)) as url:
        arm = Arm("tuned", task.arm.base)
        outputs = answer_remotely(task.prompts, arm, DECODING, Served(url, "tuned", "", SAMPLING))
        texts = {output.prompt: output.text for output in outputs}
    same = sum(texts[p.id] == text for p, text in zip(task.prompts, task.answers, strict=True))
    return f"{same} of {len(task.prompts)}"


def load_task(run: str) -> Task:
    """A finished run's adapter and the prompts that its exports are compared on."""
    settings = read_settings()
    with open_store(settings) as store:
        record = store.find(RunRecord, run)
        prompts = held_out_prompts(store, record, PROMPTS)
    arm = tuned_arm(record, settings)
    answerer = Answerer(arm, DECODING)
    texts = {o.prompt: o.text for o in answerer.answer(answerer.encode_prompts(prompts))}
    adapter = settings.run_folder(record.id) / ADAPTER
    return Task(arm, adapter, prompts, [texts[prompt.id] for prompt in prompts])


def main() -> None:
    """Export a run in every format and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run")
    parser.add_argument("--record", action="store_true", help="record the table in its page")
    options = parser.parse_args()
    task = load_task(options.run)
    lines = [
        f"{task.arm.base}, {len(task.prompts)} held-out prompts, up to 48 new tokens.",
        "",
        "| export | MB | same answers | same tokens | mean difference | largest | llama.cpp "
        "| seconds | CPU |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    with tempfile.TemporaryDirectory() as folder:
        lines += rows(task, Path(folder))
    publish("exports", lines, options.record)


if __name__ == "__main__":
    main()
