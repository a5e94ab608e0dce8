"""Training speed in each precision, padded and packed, compared with a bare TRL script.

Run it on an otherwise idle machine:

    python -m benchmarks.training [MODEL] [--steps 10] [--batch 16] [--no-defaults] [--record]

The bare script uses TRL with settings tuned for the machine (no gradient checkpointing, bfloat16
only on hardware that supports it) and the same examples, order, batch size, steps and precision.
TRL's default settings are timed for a twentieth of the steps and scaled up. Each model has its own
page.
"""

import argparse
import multiprocessing
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

import torch
from datasets import Dataset
from peft import LoraConfig
from transformers import PreTrainedModel, PreTrainedTokenizerBase, PrinterCallback
from trl.chat_template_utils import has_generation_markers
from trl.trainer.sft_config import SFTConfig
from trl.trainer.sft_trainer import SFTTrainer

from benchmarks.record import publish
from db.records import CandidateKind, Example, Message, Role, Split
from trainer.chat import Chat
from trainer.config import PrecisionName, TrainingConfig
from trainer.libraries import quiet_libraries
from trainer.models.loading import load_model, load_tokenizer, open_base
from trainer.models.lookup import resolve
from trainer.models.precision import choose_precision
from trainer.sft import make_trainer
from trainer.training.results import device_name, peak_memory_mb
from trainer.training.sft_trainer import TimbreSFTTrainer

TEXT = (
    "the harbour wall was built in stone after a storm took the old one and the town has kept it "
    "well so that boats may lie there in winter while their crews mend nets and wait for spring"
)
WORDS = TEXT.split()


@dataclass(frozen=True)
class Measurement:
    """A training method with the wall-clock and CPU seconds of its steps, and its peak memory."""

    name: str
    seconds: float
    cpu_seconds: float
    tokens: float
    loss: float
    memory: float


def build_chats(count: int, max_words: int) -> list[Example]:
    """Chats of different lengths: a question and an answer of up to `max_words` words each."""
    rng = random.Random(0)  # noqa: S311 - the texts aren't secrets
    examples = []
    for number in range(count):
        question = " ".join(rng.choices(WORDS, k=rng.randint(3, max_words)))
        answer = " ".join(rng.choices(WORDS, k=rng.randint(2, max_words)))
        examples.append(
            Example(
                candidate=str(number),
                verdict="",
                kind=CandidateKind.CONVERSATION,
                split=Split.TRAIN,
                messages=(Message(Role.USER, question), Message(Role.ASSISTANT, answer)),
            )
        )
    return examples


def train_with_timbre(name: str, examples: list[Example], config: TrainingConfig) -> Measurement:
    """Time Timbre's own trainer."""
    with tempfile.TemporaryDirectory() as place, quiet_libraries():
        base = open_base(config.base, "", config.precision)
        trainer = make_trainer(base, examples, config, Path(place))
        return time_steps(name, trainer, base.precision.device)


def time_steps(name: str, trainer: TimbreSFTTrainer | SFTTrainer, device: str) -> Measurement:
    """Time a trainer's steps. The tokens don't include padding."""
    start, start_cpu = time.monotonic(), time.process_time()
    trainer.train()
    seconds, cpu = time.monotonic() - start, time.process_time() - start_cpu
    steps = [entry for entry in trainer.state.log_history if "loss" in entry]
    tokens = (
        trainer.tokens_seen if isinstance(trainer, TimbreSFTTrainer) else steps[-1]["num_tokens"]
    )
    loss = steps[-1]["loss"]
    return Measurement(name, seconds, cpu, tokens, loss, peak_memory_mb(device))


def train_with_trl(
    name: str, examples: list[Example], config: TrainingConfig, **overrides: Any
) -> Measurement:
    """Time a bare script with TRL's own data preparation and loss."""
    precision = choose_precision(config.precision)
    folder = resolve(config.base)
    tokenizer = load_tokenizer(folder)
    tokenizer.chat_template = Chat.from_tokenizer(tokenizer).template
    with tempfile.TemporaryDirectory() as place, quiet_libraries():
        model = load_model(folder, precision)
        trainer = bare_trainer(model, tokenizer, examples, config, output_dir=place, **overrides)
        return time_steps(name, trainer, precision.device)


def bare_trainer(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    examples: list[Example],
    config: TrainingConfig,
    **overrides: Any,
) -> SFTTrainer:
    """TRL's trainer with settings that suit the device; `overrides` are more of its settings."""
    is_marked = has_generation_markers(str(tokenizer.chat_template))
    settings: dict[str, Any] = {
        "bf16": model.dtype is torch.bfloat16,
        "gradient_checkpointing": False,
        **overrides,
    }
    trainer = SFTTrainer(
        model=model,
        args=SFTConfig(
            max_steps=config.steps,
            per_device_train_batch_size=config.batch_size,
            learning_rate=config.learning_rate,
            lr_scheduler_type=config.schedule,
            warmup_steps=config.warmup_steps,
            assistant_only_loss=is_marked,
            completion_only_loss=None if is_marked else True,
            use_cpu=model.device.type == "cpu",
            report_to="none",
            save_strategy="no",
            logging_steps=1,
            disable_tqdm=True,
            seed=config.seed,
            **settings,
        ),
        train_dataset=Dataset.from_list([_trl_row(example, is_marked) for example in examples]),
        processing_class=tokenizer,
        peft_config=LoraConfig(
            task_type="CAUSAL_LM",
            r=config.lora_rank,
            lora_alpha=config.lora_alpha,
            lora_dropout=0.0,
            target_modules="all-linear",
        ),
    )
    trainer.remove_callback(PrinterCallback)
    return trainer


def _trl_row(example: Example, is_marked: bool) -> dict[str, Any]:
    """A chat for TRL: as messages, or as prompt and completion if its template has no markers."""
    turns = [{"role": m.role.value, "content": m.content} for m in example.messages]
    if is_marked:
        return {"messages": turns}
    return {"prompt": turns[:-1], "completion": turns[-1:]}


def run_in_process(
    function: Callable[..., Measurement], *arguments: Any, **overrides: Any
) -> Measurement:
    """Call a function in a new process, so that its peak memory can be measured."""
    with multiprocessing.get_context("fork").Pool(1) as pool:
        return pool.apply(function, arguments, overrides)


def measure_precisions(examples: list[Example], config: TrainingConfig) -> list[list[Measurement]]:
    """Three measurements for each precision: the bare script, and Timbre padded and packed."""
    groups = []
    precisions: list[PrecisionName] = [choose_precision(config.precision).name, "int8", "nf4"]
    for precision in precisions:
        padded = replace(config, precision=precision)
        packed = replace(padded, packing=True)
        groups.append(
            [
                run_in_process(train_with_trl, f"bare TRL, {precision}", examples, padded),
                run_in_process(train_with_timbre, f"{precision}, padded", examples, padded),
                run_in_process(train_with_timbre, f"{precision}, packed", examples, packed),
            ]
        )
    return groups


def measure_defaults(examples: list[Example], config: TrainingConfig) -> Measurement:
    """TRL's default settings, timed for a twentieth of the steps and scaled up."""
    short = replace(config, steps=max(1, config.steps // 20))
    defaults = {"bf16": True, "gradient_checkpointing": True}
    name = "TRL's default settings, scaled up"
    result = run_in_process(train_with_trl, name, examples, short, **defaults)
    factor = config.steps / short.steps
    return replace(
        result,
        seconds=result.seconds * factor,
        cpu_seconds=result.cpu_seconds * factor,
        tokens=result.tokens * factor,
    )


def table(groups: list[list[Measurement]], defaults: Measurement | None) -> Iterator[str]:
    """Each method's speed, relative to the bare script in its precision and to the fastest one."""
    yield "| | seconds | CPU seconds | tokens/s | vs bare | vs fastest bare | loss | peak MB |"
    yield "|---|---|---|---|---|---|---|---|"
    fastest = min((group[0] for group in groups), key=lambda bare: bare.seconds)
    for group in [*groups, [defaults]] if defaults else groups:
        for line in group:
            vs_own, vs_fastest = (f"{b.seconds / line.seconds:.2f} ×" for b in (group[0], fastest))
            loss = f"{line.loss:.4f}"
            if line is defaults:
                vs_own = loss = ""
            yield (
                f"| {line.name} | {line.seconds:.1f} | {line.cpu_seconds:.1f} "
                f"| {line.tokens / line.seconds:.0f} | {vs_own} | {vs_fastest} "
                f"| {loss} | {line.memory:.0f} |"
            )


def padding_share(lengths: list[int], batch: int) -> float:
    """The share of padding in batches of examples drawn at random: what packing can save."""
    rng = random.Random(0)  # noqa: S311 - the batches aren't secrets
    batches = [rng.choices(lengths, k=batch) for _ in range(200)]
    return 1 - fmean(fmean(lengths) / max(lengths) for lengths in batches)


def main() -> None:
    """Print one table for short chats and one for long ones."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", nargs="?", default="mini")
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--precision", default="auto", help="beside int8 and nf4")
    parser.add_argument("--short", action="store_true", help="leave out long chats")
    parser.add_argument("--no-defaults", action="store_true", help="leave out TRL's defaults")
    parser.add_argument(
        "--record", action="store_true", help="write the tables to their page in docs/benchmarks"
    )
    options = parser.parse_args()
    precision = choose_precision(options.precision)
    lines = [
        f"{options.model} on {device_name(precision.device)}; {precision.name}: "
        f"{precision.reason}; {options.steps} steps of {options.batch} examples."
    ]
    config = TrainingConfig(
        options.model,
        precision=precision.name,
        steps=options.steps,
        batch_size=options.batch,
        learning_rate=2e-3 if options.model == "mini" else 5e-4,
    )
    chat = open_base(options.model, "", "auto").chat
    lengths_of_chats = (("Short chats", 20), ("Long chats", 120))
    for title, max_words in lengths_of_chats[:1] if options.short else lengths_of_chats:
        examples = build_chats(options.steps * options.batch // 2, max_words)
        lengths = [len(chat.encode_example(example).ids) for example in examples]
        groups = measure_precisions(examples, config)
        defaults = None if options.no_defaults else measure_defaults(examples, config)
        padding = padding_share(lengths, options.batch)
        about = (
            f"{fmean(lengths):.0f} tokens on average, {padding:.0%} of padded batches is padding"
        )
        lines += ["", f"{title} of up to {2 * max_words} words ({about}):", ""]
        lines += table(groups, defaults)
    page = "training" if options.model == "mini" else f"training-{options.model}"
    publish(page, lines, options.record)


if __name__ == "__main__":
    main()
