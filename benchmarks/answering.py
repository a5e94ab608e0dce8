"""Answering 200 prompts: `trainer.answer` beside a loop that calls `generate` prompt by prompt.

Run it on an otherwise idle machine:

    python benchmarks/answering.py [MODEL] [--prompts 200] [--new-tokens 64]
"""

import argparse
import time
from typing import Any

import torch

from db.records import CandidateKind, Example, Message, Role, Split
from trainer.answer import Answerer, Arm, Decoding, answer
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


def one_by_one(model_name: str, examples: list[Example], new_tokens: int) -> tuple[float, int]:
    """Seconds, and tokens generated, by the loop that most scripts have."""
    folder = resolve(model_name)
    tokenizer = load_tokenizer(folder)
    model = load_model(folder, choose_precision("auto")).eval()  # type: ignore[no-untyped-call]
    started, tokens = time.monotonic(), 0
    for example in examples:
        turns = [{"role": m.role.value, "content": m.content} for m in prompt_of(example)]
        inputs: Any = tokenizer.apply_chat_template(
            turns, add_generation_prompt=True, return_dict=True, return_tensors="pt"
        )
        inputs = inputs.to(model.device)
        with torch.inference_mode():
            whole = model.generate(**inputs, max_new_tokens=new_tokens, do_sample=False)
        tokens += whole.shape[1] - inputs["input_ids"].shape[1]
    return time.monotonic() - started, tokens


def batched(model_name: str, examples: list[Example], new_tokens: int) -> tuple[float, int]:
    """Seconds, and tokens generated, by `trainer.answer` (loading left out, as above)."""
    decoding = Decoding(max_new_tokens=new_tokens, batch_size=64)
    started = time.monotonic()
    Answerer(Arm("base", model_name), decoding)
    loading = time.monotonic() - started
    started = time.monotonic()
    outputs = list(answer(examples, Arm("base", model_name), decoding))
    return time.monotonic() - started - loading, sum(o.output_tokens for o in outputs)


def main() -> None:
    """Print both, and how they compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", nargs="?", default="mini")
    parser.add_argument("--prompts", type=int, default=200)
    parser.add_argument("--new-tokens", type=int, default=64)
    given = parser.parse_args()
    examples = prompts(given.prompts)
    with quiet():
        slow, slow_tokens = one_by_one(given.model, examples, given.new_tokens)
        fast, fast_tokens = batched(given.model, examples, given.new_tokens)
    print(f"{given.prompts} prompts, up to {given.new_tokens} new tokens each, {given.model}")
    print(f"one by one  {slow:7.1f} s  {slow_tokens / slow:7.0f} tokens/s")
    print(f"batched     {fast:7.1f} s  {fast_tokens / fast:7.0f} tokens/s")
    print(f"{slow / fast:.1f} times as fast")


if __name__ == "__main__":
    main()
