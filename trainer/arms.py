"""Arms (models and the prompts that they get) and decoding settings for generating answers."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from db.records import Message, Role, canonical, plain


@dataclass(frozen=True, slots=True)
class Arm:
    """An experimental condition: a model, and the system prompt and examples to add to each prompt.

    `run` is the id of the run that trained the adapter, and `shots` are the turns of worked
    examples.
    """

    name: str
    base: str
    revision: str = ""
    adapter: Path | None = None
    run: str | None = None
    system: str = ""
    shots: tuple[Message, ...] = ()

    def messages(self, prompt: tuple[Message, ...]) -> tuple[Message, ...]:
        """Add the arm's shots to a prompt, and replace its system message with that of the arm."""
        system = tuple(m for m in prompt if m.role is Role.SYSTEM)
        turns = tuple(m for m in prompt if m.role is not Role.SYSTEM)
        if self.system:
            system = (Message(Role.SYSTEM, self.system),)
        return (*system, *self.shots, *turns)


@dataclass(frozen=True, slots=True)
class Decoding:
    """Decoding settings, which are recorded with each output.

    A `temperature` of 0 means greedy decoding. If `no_repeat` is n > 0, the model can't generate
    the same n tokens twice, but it may still quote the prompt. If `precision` is “auto”, the model
    is loaded in the precision in which the adapter was trained or, without an adapter, in the best
    one for the device.
    """

    max_new_tokens: int = 128
    temperature: float = 0.0
    top_p: float = 1.0
    no_repeat: int = 0
    batch_size: int = 32
    precision: str = "auto"
    seed: int = 0


def generation_json(arm: Arm, decoding: Decoding, **details: Any) -> str:
    """Serialize everything that determines an output as canonical JSON.

    `details` describe the model, and are added to the settings of the arm and the decoding
    settings.
    """
    settings = {
        "base": arm.base,
        "run": arm.run,
        "system": arm.system,
        "shots": plain(arm.shots),
        **asdict(decoding),
    }
    return canonical(settings | details)
