"""The speed of answering prompts: `trainer.answer` compared with one `generate` call per prompt.

Run it on an otherwise idle machine:

    python -m benchmarks.answering [MODEL] [--prompts 200] [--new-tokens 64] [--record]
"""

import argparse
import time
from dataclasses import dataclass, field
from typing import Any

import torch

from benchmarks.record import publish
from db.records import CandidateKind, Example, Message, Role, Split
from trainer.answer import Answerer
from trainer.arms import Arm, Decoding
from trainer.chat import prompt_of
from trainer.libraries import quiet_libraries
from trainer.models.loading import load_model, load_tokenizer
from trainer.models.lookup import resolve
from trainer.models.precision import choose_precision

PASSAGE = (
    "The lighthouse at the head of the bay was built of granite in 1852, after two ships had been "
    "lost on the reef in one winter. Its lamp burned whale oil, then paraffin, and has been "
    "electric since the keepers left. The tower is thirty metres high, and on a clear night its "
    "light is seen from the islands."
)
QUESTIONS = (
    "When was the lighthouse built?",
    "What did its lamp burn?",
    "How high is the tower?",
    "Why was it built?",
    "From where is its light seen on a clear night, and since when has it been electric?",
)


def prompts(count: int) -> list[Example]:
    """Prompts of different lengths: two to eleven sentences of the passage and a question."""
    sentences = PASSAGE.split(". ")
    examples = []
    for number in range(count):
        passage = ". ".join(sentences[i % len(sentences)] for i in range(2 + number % 10))
        prompt = f"{passage}\n\n{QUESTIONS[number % len(QUESTIONS)]}"
        examples.append(
            Example(
                candidate=str(number),
                verdict="",
                kind=CandidateKind.CONVERSATION,
                split=Split.TEST,
                messages=(Message(Role.USER, prompt), Message(Role.ASSISTANT, "…")),
            )
        )
    return examples


@dataclass(frozen=True)
class Measurement:
    """The wall-clock and CPU seconds of a method, and the tokens it generated."""

    seconds: float
    cpu_seconds: float
    tokens: int


@dataclass(frozen=True)
class Timer:
    """A timer of wall-clock and CPU time that starts when it's created."""

    start: float = field(default_factory=time.monotonic)
    start_cpu: float = field(default_factory=time.process_time)

    def stop(self, tokens: int) -> Measurement:
        """The time since the start."""
        seconds, cpu = time.monotonic() - self.start, time.process_time() - self.start_cpu
        return Measurement(seconds, cpu, tokens)


def answer_one_by_one(model_name: str, examples: list[Example], new_tokens: int) -> Measurement:
    """The loop that most scripts use."""
    folder = resolve(model_name)
    tokenizer = load_tokenizer(folder)
    model = load_model(folder, choose_precision("auto")).eval()  # type: ignore[no-untyped-call]
    timer, tokens = Timer(), 0
    for example in examples:
        turns = [{"role": m.role.value, "content": m.content} for m in prompt_of(example)]
        inputs: Any = tokenizer.apply_chat_template(
            turns, add_generation_prompt=True, return_dict=True, return_tensors="pt"
        )
        inputs = inputs.to(model.device)
        with torch.inference_mode():
            output = model.generate(**inputs, max_new_tokens=new_tokens, do_sample=False)
        tokens += output.shape[1] - inputs["input_ids"].shape[1]
    return timer.stop(tokens)


def answer_in_batches(model_name: str, examples: list[Example], new_tokens: int) -> Measurement:
    """The batches of `trainer.answer`, without the time to load the model, as above."""
    decoding = Decoding(max_new_tokens=new_tokens, batch_size=64)
    answerer = Answerer(Arm("base", model_name), decoding)
    timer = Timer()
    queue = answerer.encode_prompts(examples)
    batches = [queue[i : i + 64] for i in range(0, len(queue), 64)]
    outputs = [output for batch in batches for output in answerer.answer(batch)]
    return timer.stop(sum(output.output_tokens for output in outputs))


def main() -> None:
    """Measure both methods and print how they compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", nargs="?", default="mini")
    parser.add_argument("--prompts", type=int, default=200)
    parser.add_argument("--new-tokens", type=int, default=64)
    parser.add_argument(
        "--record", action="store_true", help="write the table to its page in docs/benchmarks"
    )
    options = parser.parse_args()
    examples = prompts(options.prompts)
    with quiet_libraries():
        measurements = {
            "one by one": answer_one_by_one(options.model, examples, options.new_tokens),
            "batched": answer_in_batches(options.model, examples, options.new_tokens),
        }
    lines = [
        f"{options.prompts} prompts, up to {options.new_tokens} new tokens each, {options.model}.",
        "",
        "| | seconds | CPU seconds | tokens/s |",
        "|---|---|---|---|",
    ]
    for name, result in measurements.items():
        speed = result.tokens / result.seconds
        lines.append(f"| {name} | {result.seconds:.1f} | {result.cpu_seconds:.1f} | {speed:.0f} |")
    slow, fast = measurements.values()
    lines += [
        "",
        f"Batching is {slow.seconds / fast.seconds:.1f} times as fast by wall clock and "
        f"{slow.cpu_seconds / fast.cpu_seconds:.1f} times by CPU time.",
    ]
    publish("answering", lines, options.record)


if __name__ == "__main__":
    main()
