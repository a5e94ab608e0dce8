"""Answers of a model to held-out prompts: the base, with a system prompt, with examples, tuned.

Every arm is asked through the same template code. Prompts are answered in batches of like length,
longest first, so that a machine too small fails at once; greedy unless a temperature is set.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from transformers import GenerationConfig, LogitsProcessorList, PreTrainedModel

from db.records import Example, Message, Output, Role, canonical, plain
from trainer.adapter import check_base, read_facts, with_adapter
from trainer.chat import Chat, clean_reply, prompt_of
from trainer.errors import TrainerError
from trainer.failures import readable_errors
from trainer.libraries import quiet_libraries
from trainer.models import context_length, fingerprint, load_model, load_tokenizer, resolve
from trainer.precision import choose_precision
from trainer.repetition import NoRepeatedGeneratedNGrams
from trainer.seed import seed_everything


@dataclass(frozen=True, slots=True)
class Arm:
    """A condition: which model is asked, and with what before the prompt.

    `run` names the run an adapter comes from; `shots` are turns clean_reply before each prompt.
    """

    name: str
    base: str
    revision: str = ""
    adapter: Path | None = None
    run: str | None = None
    system: str = ""
    shots: tuple[Message, ...] = ()


@dataclass(frozen=True, slots=True)
class Decoding:
    """How answers are made from a model; recorded in each output.

    `temperature` 0 takes the likeliest token each time. `no_repeat` n > 0 forbids any n tokens in
    a row to be generated twice (the prompt may be quoted). `precision` “auto” is the one an
    adapter was trained in, else what the device computes in.
    """

    max_new_tokens: int = 128
    temperature: float = 0.0
    top_p: float = 1.0
    no_repeat: int = 0
    batch_size: int = 32
    precision: str = "auto"
    seed: int = 0


@dataclass(frozen=True, slots=True)
class _Asked:
    """A prompt on its way: the example, the turns it is asked with, and their token ids."""

    example: Example
    messages: tuple[Message, ...]
    ids: list[int]


def answer(
    prompts: Sequence[Example],
    arm: Arm,
    decoding: Decoding,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[Output]:
    """The arm's answer to each prompt's last turn, batch by batch, those with long prompts first.

    Raises `TrainerError` if a prompt has no answer to ask for or does not fit, or if the
    adapter was trained on another base model or template.
    """
    with quiet_libraries(), readable_errors():
        answerer = Answerer(arm, decoding)
        queue = answerer.ask(prompts)
    for start in range(0, len(queue), decoding.batch_size):
        batch = queue[start : start + decoding.batch_size]
        with quiet_libraries(), readable_errors():
            outputs = answerer.answer(batch)
        yield from outputs
        if progress:
            progress(start + len(batch), len(queue))


class Answerer:
    """An arm's model, loaded and ready."""

    def __init__(self, arm: Arm, decoding: Decoding, model: PreTrainedModel | None = None) -> None:
        """Load the arm's base model, unless it is handed in, and put its adapter on."""
        self.arm, self.decoding = arm, decoding
        with quiet_libraries(), readable_errors():
            self._load(model)

    def _load(self, model: PreTrainedModel | None) -> None:
        arm, decoding = self.arm, self.decoding
        facts = read_facts(arm.adapter) if arm.adapter else None
        wanted = facts.precision if facts and decoding.precision == "auto" else decoding.precision
        precision = choose_precision(wanted)
        folder = resolve(arm.base, arm.revision)
        self.chat = Chat.of(load_tokenizer(folder))
        if arm.adapter and facts:
            check_base(facts, arm.base, arm.adapter)
        model = model or load_model(folder, precision)
        context = context_length(model)
        self.max_prompt_tokens = context - decoding.max_new_tokens
        if self.max_prompt_tokens < 1:
            raise TrainerError(
                f"found answers of {decoding.max_new_tokens} new tokens asked for, expected fewer "
                f"than the model’s context of {context}; ask for fewer"
            )
        self.model = with_adapter(model, self.chat, arm.adapter) if arm.adapter else model
        self.model.eval()  # type: ignore[no-untyped-call]
        self.stops = _stops(model, self.chat)
        self.generation = canonical(
            {
                "base": arm.base,
                "base_fingerprint": fingerprint(arm.base, arm.revision),
                "template_fingerprint": self.chat.fingerprint,
                "run": arm.run,
                "system": arm.system,
                "shots": plain(arm.shots),
                **asdict(decoding),
                "precision": str(precision.name),
            }
        )

    def ask(self, prompts: Sequence[Example]) -> list[_Asked]:
        """The prompts as this arm asks them, the longest first.

        Raises `TrainerError` counting those that leave no room for an answer.
        """
        turns = [arm_messages(prompt_of(example), self.arm) for example in prompts]
        queue = [
            _Asked(example, messages, self.chat.encode_prompt(messages))
            for example, messages in zip(prompts, turns, strict=True)
        ]
        long = [len(asked.ids) for asked in queue if len(asked.ids) > self.max_prompt_tokens]
        if long:
            raise TrainerError(
                f"found {len(long)} of {len(queue)} prompts of “{self.arm.name}” longer than "
                f"{self.max_prompt_tokens} tokens (the longest has {max(long)}), which leaves no room for "
                f"{self.decoding.max_new_tokens} new ones; ask with fewer shots or new tokens"
            )
        return sorted(queue, key=lambda asked: (-len(asked.ids), asked.example.id))

    def answer(self, batch: Sequence[_Asked]) -> list[Output]:
        """The outputs of one batch, in its order."""
        started = time.monotonic()
        generated = self.generate([asked.ids for asked in batch])
        seconds = (time.monotonic() - started) / len(batch)
        return [
            Output(
                prompt=asked.example.id,
                arm=self.arm.name,
                run=self.arm.run,
                messages=asked.messages,
                text=self.decode(ids),
                generation=self.generation,
                seed=self.decoding.seed,
                output_tokens=len(ids),
                seconds=seconds,
            )
            for asked, ids in zip(batch, generated, strict=True)
        ]

    def reply(self, messages: Sequence[Message]) -> str:
        """What the arm answers in a conversation whose last turn is the user's.

        Raises `TrainerError` if the conversation has become too long for the model.
        """
        with quiet_libraries(), readable_errors():
            ids = self.chat.encode_prompt(arm_messages(tuple(messages), self.arm))
            if len(ids) > self.max_prompt_tokens:
                raise TrainerError(
                    f"found a conversation of {len(ids)} tokens, expected at most {self.max_prompt_tokens}; "
                    "begin another"
                )
            return self.decode(self.generate([ids])[0])

    def decode(self, ids: Sequence[int]) -> str:
        """Generated tokens as the text a person is clean_reply."""
        return clean_reply(str(self.chat.tokenizer.decode(list(ids), skip_special_tokens=True)))

    @torch.inference_mode()
    def generate(self, prompts: Sequence[list[int]]) -> list[list[int]]:
        """The token ids generated after each prompt, without the one that ends a turn."""
        inputs = self.chat.tokenizer.pad({"input_ids": list(prompts)}, return_tensors="pt")
        inputs = inputs.to(self.model.device)
        width = inputs["input_ids"].shape[1]
        rules = LogitsProcessorList()
        if self.decoding.no_repeat:
            rules.append(NoRepeatedGeneratedNGrams(self.decoding.no_repeat, width))
        with seed_everything(self.decoding.seed):
            whole = self.model.generate(  # type: ignore[operator] # typed on each architecture alone
                **inputs, generation_config=self._settings(), logits_processor=rules
            )
        return [_until(row, self.stops) for row in whole[:, width:].tolist()]

    def _settings(self) -> GenerationConfig:
        sampled = self.decoding.temperature > 0
        return GenerationConfig(  # type: ignore[no-untyped-call]
            max_new_tokens=self.decoding.max_new_tokens,
            do_sample=sampled,
            temperature=self.decoding.temperature if sampled else None,
            top_p=self.decoding.top_p if sampled else None,
            top_k=0 if sampled else None,
            # growing a cache copies all of it at every token, which on a CPU is most of the work
            cache_implementation="static" if self.model.device.type == "cpu" else None,
            disable_compile=True,
            eos_token_id=self.stops,
            pad_token_id=self.chat.tokenizer.pad_token_id,
        )


def arm_messages(messages: tuple[Message, ...], arm: Arm) -> tuple[Message, ...]:
    """The turns as the arm asks them: its system prompt for the example's own, then its shots."""
    system = tuple(m for m in messages if m.role is Role.SYSTEM)
    turns = tuple(m for m in messages if m.role is not Role.SYSTEM)
    if arm.system:
        system = (Message(Role.SYSTEM, arm.system),)
    return (*system, *arm.shots, *turns)


def _stops(model: PreTrainedModel, chat: Chat) -> list[int]:
    """The tokens that end a turn: the model's own, and the tokenizer's."""
    config = model.generation_config
    own = config.eos_token_id if config else None
    stops = set(own if isinstance(own, list) else [own])
    return sorted(stop for stop in stops | {chat.tokenizer.eos_token_id} if stop is not None)


def _until(row: list[int], stops: Sequence[int]) -> list[int]:
    end = next((i for i, token in enumerate(row) if token in stops), len(row))
    return row[:end]
