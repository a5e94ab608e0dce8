"""What is compared in an evaluation: an arm (a model and its prompt), and how it decodes."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from db.records import Message, Role, canonical, plain


@dataclass(frozen=True, slots=True)
class Arm:
    """An experimental condition: a model, and the system prompt or examples before each prompt.

    `run` is the id of the run that trained the adapter; `shots` are example turns.
    """

    name: str
    base: str
    revision: str = ""
    adapter: Path | None = None
    run: str | None = None
    system: str = ""
    shots: tuple[Message, ...] = ()

    def messages(self, prompt: tuple[Message, ...]) -> tuple[Message, ...]:
        """The prompt with this arm's shots, and its system prompt in place of the prompt's own."""
        system = tuple(m for m in prompt if m.role is Role.SYSTEM)
        turns = tuple(m for m in prompt if m.role is not Role.SYSTEM)
        if self.system:
            system = (Message(Role.SYSTEM, self.system),)
        return (*system, *self.shots, *turns)


@dataclass(frozen=True, slots=True)
class Decoding:
    """Decoding settings, recorded with each output.

    `temperature` 0 is greedy. `no_repeat` n > 0 stops the model from generating the same n tokens
    twice; it may still quote the prompt. `precision` “auto” uses the precision an adapter was
    trained in, or the device's best one.
    """

    max_new_tokens: int = 128
    temperature: float = 0.0
    top_p: float = 1.0
    no_repeat: int = 0
    batch_size: int = 32
    precision: str = "auto"
    seed: int = 0


def generation_json(arm: Arm, decoding: Decoding, **details: Any) -> str:
    """Everything that determines an output, as canonical JSON; `details` are the model's."""
    settings = {
        "base": arm.base,
        "run": arm.run,
        "system": arm.system,
        "shots": plain(arm.shots),
        **asdict(decoding),
    }
    return canonical(settings | details)
