"""Answering 200 prompts: `trainer.answer` beside a loop that calls `generate` prompt by prompt.

Run it on an otherwise idle machine:

    python -m benchmarks.answering [MODEL] [--prompts 200] [--new-tokens 64] [--record]
"""

import argparse
import time
from dataclasses import dataclass, field
from typing import Any

import torch

from benchmarks.record import record
from db.records import CandidateKind, Example, Message, Role, Split
from trainer.answer import Answerer, Arm, Decoding
from trainer.chat import prompt_of
from trainer.models import load_model, load_tokenizer, resolve
from trainer.precision import choose_precision
from trainer.quiet import quiet

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
    """Prompts of differing length: two to eleven sentences of the passage, and a question."""
    sentences = PASSAGE.split(". ")
    made = []
    for number in range(count):
        passage = ". ".join(sentences[i % len(sentences)] for i in range(2 + number % 10))
        asked = f"{passage}\n\n{QUESTIONS[number % len(QUESTIONS)]}"
        made.append(
            Example(
                candidate=str(number),
                verdict="",
                kind=CandidateKind.CONVERSATION,
                split=Split.TEST,
                messages=(Message(Role.USER, asked), Message(Role.ASSISTANT, "…")),
            )
        )
    return made


@dataclass(frozen=True)
class Line:
    """What one way of answering took: by the clock, of the processor, and for how many tokens."""

    seconds: float
    processor: float
    tokens: int


@dataclass
class Watch:
    """The clock and the processor's time since it was made."""

    started: float = field(default_factory=time.monotonic)
    worked: float = field(default_factory=time.process_time)

    def read(self, tokens: int) -> Line:
        """What it took until now."""
        return Line(time.monotonic() - self.started, time.process_time() - self.worked, tokens)


def one_by_one(model_name: str, examples: list[Example], new_tokens: int) -> Line:
    """The loop that most scripts have."""
    folder = resolve(model_name)
    tokenizer = load_tokenizer(folder)
    model = load_model(folder, choose_precision("auto")).eval()  # type: ignore[no-untyped-call]
    watch, tokens = Watch(), 0
    for example in examples:
        turns = [{"role": m.role.value, "content": m.content} for m in prompt_of(example)]
        inputs: Any = tokenizer.apply_chat_template(
            turns, add_generation_prompt=True, return_dict=True, return_tensors="pt"
        )
        inputs = inputs.to(model.device)
        with torch.inference_mode():
            whole = model.generate(**inputs, max_new_tokens=new_tokens, do_sample=False)
        tokens += whole.shape[1] - inputs["input_ids"].shape[1]
    return watch.read(tokens)


def batched(model_name: str, examples: list[Example], new_tokens: int) -> Line:
    """The batches of `trainer.answer`, the model loaded before as above."""
    decoding = Decoding(max_new_tokens=new_tokens, batch_size=64)
    answerer = Answerer(Arm("base", model_name), decoding)
    watch = Watch()
    queue = answerer.ask(examples)
    batches = [queue[i : i + 64] for i in range(0, len(queue), 64)]
    outputs = [output for batch in batches for output in answerer.answer(batch)]
    return watch.read(sum(output.output_tokens for output in outputs))


def main() -> None:
    """Both, and how they compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", nargs="?", default="mini")
    parser.add_argument("--prompts", type=int, default=200)
    parser.add_argument("--new-tokens", type=int, default=64)
    parser.add_argument("--record", action="store_true", help="put the table into the page")
    given = parser.parse_args()
    examples = prompts(given.prompts)
    with quiet():
        ways = {
            "one by one": one_by_one(given.model, examples, given.new_tokens),
            "batched": batched(given.model, examples, given.new_tokens),
        }
    lines = [
        f"{given.prompts} prompts, up to {given.new_tokens} new tokens each, {given.model}.",
        "",
        "| | seconds | processor | tokens/s |",
        "|---|---|---|---|",
    ]
    for name, line in ways.items():
        speed = line.tokens / line.seconds
        lines.append(f"| {name} | {line.seconds:.1f} | {line.processor:.1f} | {speed:.0f} |")
    slow, fast = ways.values()
    lines += [
        "",
        f"{slow.seconds / fast.seconds:.1f} times as fast by the clock, "
        f"{slow.processor / fast.processor:.1f} by the processor's time.",
    ]
    if given.record:
        record("answering", lines)
    else:
        print("\n".join(lines))


if __name__ == "__main__":
    main()
