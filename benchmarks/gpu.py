"""Training and answering on one CUDA GPU, with models of real shapes and random weights.

Run it on any machine with one GPU; it needs no network and about five minutes:

    python -m benchmarks.gpu [--steps 10] [--batch 16] [--record]

For each shape and precision it times the same examples with a bare TRL script and with Timbre's
trainer, padded, packed, and packed with Liger kernels if the package liger-kernel is installed.
Then it times answering, and trains ever larger bases in nf4 until memory runs out. `--tiny` uses
tiny shapes, to try the script on a CPU.
"""

import argparse
import copy
import gc
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch
from transformers import LlamaConfig, LlamaForCausalLM, Qwen3Config, Qwen3ForCausalLM
from transformers.integrations.bitsandbytes import replace_with_bnb_linear
from trl.trainer.sft_config import SFTConfig
from trl.trainer.sft_trainer import SFTTrainer

from benchmarks.answering import prompts
from benchmarks.record import publish
from benchmarks.training import Measurement, bare_trainer, build_chats, time_steps
from db.records import Example
from trainer.answer import Answerer
from trainer.arms import Arm, Decoding
from trainer.config import PrecisionName, TrainingConfig
from trainer.libraries import is_out_of_memory, quiet_libraries
from trainer.models.loading import BaseModel, open_base
from trainer.models.precision import best_device, choose_precision
from trainer.sft import make_trainer
from trainer.training import sft_trainer
from trainer.training.results import device_name, peak_memory_mb
from trainer.training.training_arguments import training_arguments

SOURCE = "mini"
"""The model whose tokenizer and template are used: the weights are random anyway."""
PRECISIONS: tuple[PrecisionName, ...] = ("auto", "int8", "nf4")


@dataclass(frozen=True)
class Shape:
    """A model's dimensions: heads are those of queries and of keys."""

    name: str
    family: str
    vocabulary: int
    hidden: int
    intermediate: int
    layers: int
    heads: tuple[int, int]
    head_size: int = 128


SHAPES = (
    Shape("Llama-3.2-1B", "llama", 128256, 2048, 8192, 16, (32, 8), 64),
    Shape("Qwen3-4B", "qwen3", 151936, 2560, 9728, 36, (32, 8)),
)
LARGER = (
    Shape("Qwen3-8B", "qwen3", 151936, 4096, 12288, 36, (32, 8)),
    Shape("Qwen3-14B", "qwen3", 151936, 5120, 17408, 40, (40, 8)),
    Shape("Qwen3-32B", "qwen3", 151936, 5120, 25600, 64, (64, 8)),
    Shape("Llama-3.1-70B", "llama", 128256, 8192, 28672, 80, (64, 8)),
    Shape("Mistral-Large-123B", "llama", 32768, 12288, 28672, 88, (96, 8)),
)
TINY = (
    Shape("tiny Llama", "llama", 4096, 64, 128, 3, (4, 2), 16),
    Shape("tiny Qwen3", "qwen3", 4096, 64, 128, 3, (4, 2), 16),
)


@dataclass(frozen=True, slots=True)
class RandomBase(BaseModel):
    """A base model of a shape with random weights."""

    shape: Shape

    def load(self) -> Any:
        """Build one layer in the base's precision and copy it: weights may be the same."""
        model = one_layer(self.shape, self.precision.compute, self.precision.device)
        if self.precision.is_quantised:
            quantise(model, self.precision.name, self.precision.device)
        layers = model.model.layers
        for number in range(1, self.shape.layers):
            layers.append(copy.deepcopy(layers[0]))
            layers[number].self_attn.layer_idx = number
        model.config.num_hidden_layers = self.shape.layers
        if hasattr(model.config, "layer_types"):
            model.config.layer_types = ["full_attention"] * self.shape.layers
        return model


def one_layer(shape: Shape, compute: str, device: str) -> Any:
    """A model of a shape with a single layer."""
    settings: dict[str, Any] = {
        "vocab_size": shape.vocabulary,
        "hidden_size": shape.hidden,
        "intermediate_size": shape.intermediate,
        "num_hidden_layers": 1,
        "num_attention_heads": shape.heads[0],
        "num_key_value_heads": shape.heads[1],
        "head_dim": shape.head_size,
        "max_position_embeddings": 4096,
        "tie_word_embeddings": True,
        "dtype": compute,
    }
    torch.manual_seed(0)
    with torch.device(device):
        if shape.family == "qwen3":
            model: Any = Qwen3ForCausalLM(Qwen3Config(**settings))
        else:
            model = LlamaForCausalLM(LlamaConfig(**settings))
    return model.to(getattr(torch, compute))


def quantise(model: Any, precision: PrecisionName, device: str) -> None:
    """Replace a model's linear layers by bitsandbytes' with the same weights."""
    weights = {
        name: module.weight.data
        for name, module in model.named_modules()
        if isinstance(module, torch.nn.Linear) and name != "lm_head"
    }
    config = choose_precision(precision, device).quantisation_config()
    replace_with_bnb_linear(model, ["lm_head"], config)
    for name, weight in weights.items():
        module = model.get_submodule(name)
        kind = type(module.weight)
        module.weight = kind(weight.cpu(), requires_grad=False, **_options(module)).to(device)
    model.is_loaded_in_8bit, model.is_loaded_in_4bit = precision == "int8", precision == "nf4"


def _options(module: Any) -> dict[str, Any]:
    """What bitsandbytes' parameters need to know about their layer."""
    if type(module).__name__ == "Linear4bit":
        return {"quant_type": "nf4", "module": module}
    return {"has_fp16_weights": False}


def measure_shape(shape: Shape, examples: list[Example], config: TrainingConfig) -> Iterator[str]:
    """The rows of a shape: every precision, with the bare script and with Timbre's trainer."""
    for precision in PRECISIONS:
        base = random_base(shape, precision)
        label = f"{shape.name} | {base.precision.name}"
        own = replace(config, precision=base.precision.name)
        packed = replace(own, packing=True)
        rows: dict[str, Callable[[Path], SFTTrainer]] = {
            "bare TRL": partial(trl_trainer, base, examples, own),
            "padded": partial(make_trainer, base, examples, own),
            "packed": partial(make_trainer, base, examples, packed),
        }
        if find_spec("liger_kernel"):
            rows["packed, Liger"] = partial(liger_trainer, base, examples, packed)
        bare: Measurement | None = None
        for name, make in rows.items():
            result = measure(name, make, base.precision.device)
            bare = bare or (result if isinstance(result, Measurement) else None)
            yield f"| {label} | {name} | {describe(result, bare)} |"


def random_base(shape: Shape, precision: str) -> RandomBase:
    """A base of a shape in a precision, with the packaged model's tokenizer and template."""
    source = open_base(SOURCE, "", precision)
    source.chat.tokenizer.chat_template = source.chat.template
    return RandomBase(source.folder, source.chat, source.precision, shape)


def trl_trainer(
    base: BaseModel, examples: list[Example], config: TrainingConfig, folder: Path
) -> SFTTrainer:
    """TRL's trainer on the base's weights."""
    settings = {"output_dir": str(folder)}
    return bare_trainer(base.load(), base.chat.tokenizer, examples, config, **settings)


def liger_trainer(
    base: BaseModel, examples: list[Example], config: TrainingConfig, folder: Path
) -> SFTTrainer:
    """Timbre's trainer with TRL's setting for Liger kernels, which Timbre has no setting for."""

    def with_liger(*arguments: Any) -> SFTConfig:
        settings = training_arguments(*arguments)
        settings.use_liger_kernel = True
        return settings

    with patch.object(sft_trainer, "training_arguments", with_liger):
        return make_trainer(base, examples, config, folder)


def measure(name: str, make: Callable[[Path], SFTTrainer], device: str) -> Measurement | str:
    """Time a trainer's steps; if it fails, the error in a few words."""
    free_memory()
    try:
        with tempfile.TemporaryDirectory() as folder, quiet_libraries():
            return time_steps(name, make(Path(folder)), device)
    except Exception as error:  # the other rows still count
        return "out of memory" if is_out_of_memory(error) else f"failed: {type(error).__name__}"


def describe(result: Measurement | str, bare: Measurement | None) -> str:
    """A row's figures: tokens per second, speed relative to the bare script, and peak memory."""
    if isinstance(result, str):
        return f"{result} | | |"
    speed = f"{bare.seconds / result.seconds:.2f} ×" if bare else ""
    rate = result.tokens / result.seconds
    return f"{rate:.0f} | {speed} | {result.memory:.0f} | {result.loss:.3f}"


def free_memory() -> None:
    """Free what the last measurement left, and forget its peak."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


def measure_answers(shape: Shape, count: int, new_tokens: int) -> str:
    """The row of a shape's answers to prompts in batches of 32."""
    free_memory()
    base = random_base(shape, "auto")
    decoding = Decoding(max_new_tokens=new_tokens)
    answerer = Answerer(Arm("random", SOURCE), decoding, base.load())
    queue = answerer.encode_prompts(prompts(count))
    started = time.monotonic()
    tokens = 0
    for start in range(0, len(queue), decoding.batch_size):
        outputs = answerer.answer(queue[start : start + decoding.batch_size])
        tokens += sum(output.output_tokens for output in outputs)
    seconds = time.monotonic() - started
    memory = peak_memory_mb(base.precision.device)
    return f"| {shape.name} | {count / seconds:.1f} | {tokens / seconds:.0f} | {memory:.0f} |"


def largest_base(shapes: tuple[Shape, ...], examples: list[Example]) -> Iterator[str]:
    """A row for each shape that trains in nf4 with gradient checkpointing, until one doesn't."""
    config = TrainingConfig(
        SOURCE, steps=2, batch_size=1, learning_rate=1e-4, gradient_checkpointing=True
    )
    for shape in shapes:
        base = random_base(shape, "nf4")
        result = measure(
            shape.name,
            partial(make_trainer, base, examples, config),
            base.precision.device,
        )
        if isinstance(result, str):
            yield f"| {shape.name} | {result} |"
            return
        yield f"| {shape.name} | trains, {result.memory:.0f} MB |"


def tables(
    shapes: tuple[Shape, ...], larger: tuple[Shape, ...], config: TrainingConfig
) -> list[str]:
    """All tables."""
    examples = build_chats(config.steps * config.batch_size // 2, 60)
    lines = [
        "| shape | precision | | tokens/s | vs bare | peak MB | loss |",
        "|---|---|---|---|---|---|---|",
    ]
    for shape in shapes:
        lines += measure_shape(shape, examples, config)
    if not find_spec("liger_kernel"):
        lines += ["", "Liger kernels weren't measured: the package liger-kernel isn't installed."]
    lines += ["", "| answering | prompts/s | tokens/s | peak MB |", "|---|---|---|---|"]
    lines += [measure_answers(shape, 8 * config.batch_size, 8 * config.steps) for shape in shapes]
    lines += ["", "| nf4, batches of one chat | |", "|---|---|", *largest_base(larger, examples)]
    return lines


def main() -> None:
    """Measure everything and print or record the page's tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--tiny", action="store_true", help="tiny shapes, to try the script")
    parser.add_argument("--record", action="store_true", help="record the tables in their page")
    options = parser.parse_args()
    if best_device() != "cuda" and not options.tiny:
        parser.error("this machine has no CUDA GPU; use --tiny to try the script")
    config = TrainingConfig(
        SOURCE, steps=options.steps, batch_size=options.batch, learning_rate=1e-4
    )
    shapes, larger = (TINY, TINY) if options.tiny else (SHAPES, LARGER)
    about = f"{device_name(best_device())}; {options.steps} steps of {options.batch} chats."
    publish("gpu", [about, "", *tables(shapes, larger, config)], options.record)


if __name__ == "__main__":
    main()
