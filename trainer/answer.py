"""Generate a local model's answers to held-out prompts.

All arms (base, prompted, few-shot, tuned) render chat templates with the same code. Prompts of
similar length are batched together. The longest prompts come first, so that generation fails early
if there isn't enough memory.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

import torch
from transformers import (
    GenerationConfig,
    LogitsProcessor,
    LogitsProcessorList,
    NoRepeatNGramLogitsProcessor,
    PreTrainedModel,
)

from db.records import Example, Message, Output
from trainer.arms import Arm, Decoding, generation_json
from trainer.chat import prompt_of
from trainer.errors import TrainerError
from trainer.libraries import library_session, seed_everything
from trainer.models.adapter import check_base, read_metadata
from trainer.models.loading import context_length, open_base, stop_tokens
from trainer.models.lookup import fingerprint
from trainer.models.lora import load_adapter


@dataclass(frozen=True, slots=True)
class EncodedPrompt:
    """The prompt that an arm gets for an example, as messages and as token ids."""

    example: Example
    messages: tuple[Message, ...]
    ids: list[int]


def answer(
    prompts: Sequence[Example],
    arm: Arm,
    decoding: Decoding,
    on_progress: Callable[[int, int], None] | None = None,
) -> Iterator[Output]:
    """Yield an arm's answer to each prompt, longest prompts first.

    After each batch, `on_progress` receives the number of answered prompts and the total.

    Raises `TrainerError` if a prompt can't be answered or is too long for the context, or if the
    adapter was trained with a different base model or chat template.
    """
    answerer = Answerer(arm, decoding)
    queue = answerer.encode_prompts(prompts)
    for start in range(0, len(queue), decoding.batch_size):
        batch = queue[start : start + decoding.batch_size]
        yield from answerer.answer(batch)
        if on_progress:
            on_progress(start + len(batch), len(queue))


class Answerer:
    """An arm with its model loaded and ready to generate answers."""

    @library_session()
    def __init__(self, arm: Arm, decoding: Decoding, model: PreTrainedModel | None = None) -> None:
        """Load the arm's base model (unless it's passed as `model`) and its adapter."""
        self.arm, self.decoding = arm, decoding
        metadata = read_metadata(arm.adapter) if arm.adapter else None
        trained_in = metadata.precision if metadata else "auto"
        precision = trained_in if decoding.precision == "auto" else decoding.precision
        base = open_base(arm.base, arm.revision, precision)
        self.chat = base.chat
        if arm.adapter and metadata:
            check_base(metadata, arm.base, self.chat.fingerprint, arm.adapter)
        model = model or base.load()
        context = context_length(model)
        self.max_prompt_tokens = context - decoding.max_new_tokens
        if self.max_prompt_tokens < 1:
            raise TrainerError(
                f"Answers of {decoding.max_new_tokens} tokens leave no space for a prompt, because "
                f"the model's context is {context} tokens. Lower the maximum number of new tokens."
            )
        self.model = load_adapter(model, arm.adapter) if arm.adapter else model
        self.model.eval()  # type: ignore[no-untyped-call]
        self.stop_tokens = stop_tokens(model, self.chat)
        self.generation = generation_json(
            arm,
            decoding,
            base_fingerprint=fingerprint(arm.base, arm.revision),
            template_fingerprint=self.chat.fingerprint,
            precision=base.precision.name,
        )

    @library_session()
    def encode_prompts(self, prompts: Sequence[Example]) -> list[EncodedPrompt]:
        """Encode prompts with the arm's system prompt and shots, longest prompts first.

        Raises `TrainerError` if any prompts are too long to leave space for an answer.
        """
        queue = []
        for example in prompts:
            messages = self.arm.messages(prompt_of(example))
            queue.append(EncodedPrompt(example, messages, self.chat.encode_prompt(messages)))
        queue.sort(key=lambda prompt: (-len(prompt.ids), prompt.example.id))
        long = [prompt for prompt in queue if len(prompt.ids) > self.max_prompt_tokens]
        if long:
            raise TrainerError(
                f"{len(long)} of {len(queue)} prompts of “{self.arm.name}” are longer than "
                f"{self.max_prompt_tokens} tokens (the longest has {len(long[0].ids)}), so "
                f"{self.decoding.max_new_tokens} new tokens don't fit into the model's context. "
                "Use fewer shots or lower the maximum number of new tokens."
            )
        return queue

    @library_session()
    def answer(self, batch: Sequence[EncodedPrompt]) -> list[Output]:
        """Generate the answers to a batch of prompts, in order."""
        started = time.monotonic()
        generated = self.generate([prompt.ids for prompt in batch])
        seconds = (time.monotonic() - started) / len(batch)
        return [
            Output(
                prompt=prompt.example.id,
                arm=self.arm.name,
                run=self.arm.run,
                messages=prompt.messages,
                text=self.decode(ids),
                generation=self.generation,
                seed=self.decoding.seed,
                output_tokens=len(ids),
                seconds=seconds,
            )
            for prompt, ids in zip(batch, generated, strict=True)
        ]

    @library_session()
    def reply(self, messages: Sequence[Message]) -> str:
        """Generate the reply to a conversation that ends with a user turn.

        Raises `TrainerError` if the conversation is too long for the model.
        """
        ids = self.chat.encode_prompt(self.arm.messages(tuple(messages)))
        if len(ids) > self.max_prompt_tokens:
            raise TrainerError(
                f"The conversation has {len(ids)} tokens, but the model can read at most "
                f"{self.max_prompt_tokens}. Start a new conversation."
            )
        return self.decode(self.generate([ids])[0])

    def decode(self, ids: Sequence[int]) -> str:
        """Convert generated tokens to readable text."""
        return self.chat.decode_answer(ids)

    @torch.inference_mode()
    def generate(self, prompts: Sequence[list[int]]) -> list[list[int]]:
        """Generate token ids for each prompt, leaving out the token that ends the turn."""
        inputs = self.chat.tokenizer.pad({"input_ids": list(prompts)}, return_tensors="pt")
        inputs = inputs.to(self.model.device)
        width = inputs["input_ids"].shape[1]
        processors = LogitsProcessorList()
        if self.decoding.no_repeat:
            processors.append(NoRepeatedGeneratedNGrams(self.decoding.no_repeat, width))
        with seed_everything(self.decoding.seed):
            rows = self.model.generate(  # type: ignore[operator] # only architectures type it
                **inputs, generation_config=self._generation_config(), logits_processor=processors
            )
        return [
            list(takewhile(lambda token: token not in self.stop_tokens, row))
            for row in rows[:, width:].tolist()
        ]

    def _generation_config(self) -> GenerationConfig:
        is_sampled = self.decoding.temperature > 0
        return GenerationConfig(  # type: ignore[no-untyped-call]
            max_new_tokens=self.decoding.max_new_tokens,
            do_sample=is_sampled,
            temperature=self.decoding.temperature if is_sampled else None,
            top_p=self.decoding.top_p if is_sampled else None,
            top_k=0 if is_sampled else None,
            # A growing cache is copied for every token, which takes most of the time on a CPU.
            cache_implementation="static" if self.model.device.type == "cpu" else None,
            disable_compile=True,
            eos_token_id=self.stop_tokens,
            pad_token_id=self.chat.tokenizer.pad_token_id,
        )


class NoRepeatedGeneratedNGrams(LogitsProcessor):
    """Prevents the model from generating the same sequence of n tokens twice.

    The corresponding rule in transformers also counts n-grams in the prompt, which prevents a model
    from quoting the passage it is asked about. `NoRepeatedGeneratedNGrams` counts only generated
    tokens.
    """

    def __init__(self, size: int, prompt_length: int) -> None:
        """Forbid generating a sequence of `size` tokens twice; `prompt_length` includes padding."""
        self.rule = NoRepeatNGramLogitsProcessor(size)
        self.prompt_length = prompt_length

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        """Return the scores with forbidden tokens set to minus infinity."""
        generated = input_ids[:, self.prompt_length :]
        if generated.shape[1] < self.rule.ngram_size:
            return scores
        allowed: torch.FloatTensor = self.rule(generated, scores)
        return allowed
