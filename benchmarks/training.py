"""Training speed: each precision, padded and packed, beside a bare TRL script on the same data.

Run it on an otherwise idle machine:

    python -m benchmarks.training [MODEL] [--steps 40] [--batch 16]

The bare script is TRL tuned for the machine (its best precision, no gradient checkpointing), with
the same examples, batch and steps. What a newcomer would meet, TRL's own settings, is timed for
one twentieth of the steps and scaled up.
"""

import argparse
import multiprocessing
import random
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from peft import LoraConfig
from transformers import PrinterCallback
from trl.trainer.sft_config import SFTConfig
from trl.trainer.sft_trainer import SFTTrainer

from db.records import CandidateKind, Example, Message, Role, Split
from trainer.chat import Chat
from trainer.config import TrainingConfig
from trainer.models import load_model, load_tokenizer, resolve
from trainer.precision import choose_precision
from trainer.quiet import quiet
from trainer.results import device_name, peak_memory_mb
from trainer.sft import train

TEXT = (
    "the harbour wall was built in stone after a storm took the old one and the town has kept it "
    "well so that boats may lie there in winter while their crews mend nets and wait for spring"
)
WORDS = TEXT.split()


@dataclass(frozen=True)
class Line:
    """One way to train, and what it took."""

    name: str
    seconds: float
    tokens: float
    loss: float
    memory: float


def chats(count: int, longest: int) -> list[Example]:
    """Chats of differing length: a question, and an answer of up to `longest` words."""
    chance = random.Random(0)  # noqa: S311 - not for secrets
    made = []
    for number in range(count):
        asked = " ".join(chance.choices(WORDS, k=chance.randint(3, longest)))
        said = " ".join(chance.choices(WORDS, k=chance.randint(2, longest)))
        made.append(
            Example(
                candidate=str(number),
                verdict="",
                kind=CandidateKind.CONVERSATION,
                split=Split.TRAIN,
                messages=(Message(Role.USER, asked), Message(Role.ASSISTANT, said)),
            )
        )
    return made


def timbre(name: str, examples: list[Example], config: TrainingConfig) -> Line:
    """What `trainer.sft` takes."""
    with tempfile.TemporaryDirectory() as folder:
        result = train(examples, config, Path(folder))
    seconds = result.metrics["training_seconds"]
    loss = result.metrics["training_loss"]
    return Line(name, seconds, result.metrics["tokens"], loss, result.peak_memory_mb)


def bare(name: str, examples: list[Example], config: TrainingConfig, **knobs: Any) -> Line:
    """What a script of TRL's trainer takes, with TRL's own preparation and loss."""
    precision = choose_precision(config.precision)
    folder = resolve(config.base)
    tokenizer = load_tokenizer(folder)
    tokenizer.chat_template = Chat.of(tokenizer).template
    rows = [
        {"messages": [{"role": m.role.value, "content": m.content} for m in e.messages]}
        for e in examples
    ]
    with tempfile.TemporaryDirectory() as place, quiet():
        settings: dict[str, Any] = {
            "bf16": precision.compute is torch.bfloat16,
            "gradient_checkpointing": False,
            **knobs,
        }
        trainer = SFTTrainer(
            model=load_model(folder, precision),
            args=SFTConfig(
                output_dir=place,
                max_steps=config.steps,
                per_device_train_batch_size=config.batch_size,
                learning_rate=config.learning_rate,
                lr_scheduler_type=config.schedule,
                warmup_steps=config.warmup_steps,
                assistant_only_loss=True,
                use_cpu=precision.device == "cpu",
                report_to="none",
                save_strategy="no",
                logging_steps=1,
                disable_tqdm=True,
                seed=config.seed,
                **settings,
            ),
            train_dataset=Dataset.from_list(rows),
            processing_class=tokenizer,
            peft_config=LoraConfig(
                task_type="CAUSAL_LM", r=config.lora_rank, lora_alpha=config.lora_alpha,
                lora_dropout=0.0, target_modules="all-linear",
            ),
        )  # fmt: skip
        trainer.remove_callback(PrinterCallback)
        started = time.monotonic()
        trainer.train()
        seconds = time.monotonic() - started
    steps = [entry for entry in trainer.state.log_history if "loss" in entry]
    memory = peak_memory_mb(precision.device)
    return Line(name, seconds, steps[-1]["num_tokens"], steps[-1]["loss"], memory)


def apart(way: Callable[..., Line], *given: Any, **knobs: Any) -> Line:
    """A line measured in a process of its own, so that its peak memory is its own."""
    with multiprocessing.get_context("fork").Pool(1) as pool:
        return pool.apply(way, given, knobs)


def table(lines: list[Line]) -> None:
    """Print the lines, the first as the measure of the others."""
    print("| | seconds | tokens/s | of the bare script | final loss | peak MB |")
    print("|---|---|---|---|---|---|")
    for line in lines:
        times = lines[0].seconds / line.seconds
        print(
            f"| {line.name} | {line.seconds:.1f} | {line.tokens / line.seconds:.0f} "
            f"| {times:.2f} × | {line.loss:.4f} | {line.memory:.0f} |"
        )


def main() -> None:
    """Print one table for short chats and one for grounded ones."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", nargs="?", default="mini")
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--newcomer", action="store_true", help="time TRL's own settings too")
    given = parser.parse_args()
    precision = choose_precision("auto")
    print(f"{given.model} on {device_name(precision.device)}: {precision.reason}")
    print(f"{given.steps} steps of {given.batch} examples\n")
    config = TrainingConfig(
        given.model, steps=given.steps, batch_size=given.batch, learning_rate=2e-3
    )
    for title, longest in (("short chats", 20), ("long chats", 120)):
        examples = chats(given.steps * given.batch // 2, longest)
        lines = [apart(bare, f"bare TRL, {precision.name}", examples, config)]
        for held in (precision.name, "int8", "nf4"):
            for packing in (False, True):
                of = replace(config, precision=str(held), packing=packing)
                name = f"{held}, {'packed' if packing else 'padded'}"
                lines.append(apart(timbre, name, examples, of))
        if given.newcomer:
            few = replace(config, steps=max(1, given.steps // 20))
            own = {"bf16": True, "gradient_checkpointing": True}
            slow = apart(bare, "TRL's own settings", examples, few, **own)
            times = config.steps / few.steps
            lines.append(replace(slow, seconds=slow.seconds * times, tokens=slow.tokens * times))
        print(f"**{title}**\n")
        table(lines)
        print()


if __name__ == "__main__":
    main()
