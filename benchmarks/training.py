"""Training speed: each precision, padded and packed, beside a bare TRL script on the same data.

Run it on an otherwise idle machine:

    python -m benchmarks.training [MODEL] [--steps 10] [--batch 16] [--record]

The bare script is TRL tuned for the machine (no gradient checkpointing, bfloat16 only where there
are units for it), with the same examples, order, batch and steps, in each precision. What a
newcomer would meet, TRL's own settings, is timed for one twentieth of the steps and scaled up.
"""

import argparse
import multiprocessing
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from peft import LoraConfig
from transformers import PrinterCallback
from trl.trainer.sft_config import SFTConfig
from trl.trainer.sft_trainer import SFTTrainer

from benchmarks.record import record
from db.records import CandidateKind, Example, Message, Role, Split
from trainer.chat import Chat
from trainer.config import TrainingConfig
from trainer.models import load_model, load_tokenizer, resolve
from trainer.precision import choose_precision
from trainer.quiet import quiet
from trainer.results import device_name, peak_memory_mb
from trainer.sft import make_trainer
from trainer.tuner import Tuner

TEXT = (
    "the harbour wall was built in stone after a storm took the old one and the town has kept it "
    "well so that boats may lie there in winter while their crews mend nets and wait for spring"
)
WORDS = TEXT.split()


@dataclass(frozen=True)
class Line:
    """One way to train, and what its steps took: by the clock and of the processor, in seconds."""

    name: str
    seconds: float
    processor: float
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
    """What the recipe's own trainer takes."""
    precision = choose_precision(config.precision)
    folder = resolve(config.base)
    with tempfile.TemporaryDirectory() as place, quiet():
        chat = Chat.of(load_tokenizer(folder))
        model = load_model(folder, precision)
        trainer, _ = make_trainer(model, chat, examples, config, Path(place))
        return timed(name, trainer, precision.device)


def timed(name: str, trainer: Tuner | SFTTrainer, device: str) -> Line:
    """What a trainer's steps take; the tokens are those that are read, without padding."""
    clock, processor = time.monotonic(), time.process_time()
    trainer.train()
    seconds, worked = time.monotonic() - clock, time.process_time() - processor
    steps = [entry for entry in trainer.state.log_history if "loss" in entry]
    tokens = trainer.tokens_seen if isinstance(trainer, Tuner) else steps[-1]["num_tokens"]
    return Line(name, seconds, worked, tokens, steps[-1]["loss"], peak_memory_mb(device))


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
        return timed(name, trainer, precision.device)


def apart(way: Callable[..., Line], *given: Any, **knobs: Any) -> Line:
    """A line measured in a process of its own, so that its peak memory is its own."""
    with multiprocessing.get_context("fork").Pool(1) as pool:
        return pool.apply(way, given, knobs)


def ways(examples: list[Example], config: TrainingConfig) -> list[list[Line]]:
    """Three lines for each precision: the bare script, and ours padded and packed."""
    found = []
    for held in (str(choose_precision("auto").name), "int8", "nf4"):
        of = replace(config, precision=held)
        packed = replace(of, packing=True)
        found.append(
            [
                apart(bare, f"bare TRL, {held}", examples, of),
                apart(timbre, f"{held}, padded", examples, of),
                apart(timbre, f"{held}, packed", examples, packed),
            ]
        )
    return found


def newcomer(examples: list[Example], config: TrainingConfig) -> Line:
    """TRL's own settings, for a twentieth of the steps and scaled up."""
    few = replace(config, steps=max(1, config.steps // 20))
    own = {"bf16": True, "gradient_checkpointing": True}
    line = apart(bare, "TRL's own settings, scaled up", examples, few, **own)
    times = config.steps / few.steps
    seconds, worked = line.seconds * times, line.processor * times
    return replace(line, seconds=seconds, processor=worked, tokens=line.tokens * times)


def table(found: list[list[Line]], slow: Line) -> Iterator[str]:
    """Each line beside the bare script in its own precision, and beside the best bare script."""
    yield "| | seconds | processor | tokens/s | of its bare script | of the best | loss | peak MB |"
    yield "|---|---|---|---|---|---|---|---|"
    best = min((lines[0] for lines in found), key=lambda line: line.seconds)
    for lines in [*found, [slow]]:
        for line in lines:
            own, all_of = (f"{bare.seconds / line.seconds:.2f} ×" for bare in (lines[0], best))
            loss = "" if line is slow else f"{line.loss:.4f}"
            yield (
                f"| {line.name} | {line.seconds:.1f} | {line.processor:.1f} "
                f"| {line.tokens / line.seconds:.0f} | {'' if line is slow else own} | {all_of} "
                f"| {loss} | {line.memory:.0f} |"
            )


def main() -> None:
    """One table for short chats and one for long ones."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", nargs="?", default="mini")
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--record", action="store_true", help="put the tables into the page")
    given = parser.parse_args()
    precision = choose_precision("auto")
    lines = [
        f"{given.model} on {device_name(precision.device)}: {precision.reason}; "
        f"{given.steps} steps of {given.batch} examples."
    ]
    config = TrainingConfig(
        given.model, steps=given.steps, batch_size=given.batch, learning_rate=2e-3
    )
    for title, longest in (("Short chats", 20), ("Long chats", 120)):
        examples = chats(given.steps * given.batch // 2, longest)
        found = ways(examples, config)
        lines += ["", f"{title}, of up to {2 * longest} words:", ""]
        lines += table(found, newcomer(examples, config))
    if given.record:
        record("training", lines)
    else:
        print("\n".join(lines))


if __name__ == "__main__":
    main()
