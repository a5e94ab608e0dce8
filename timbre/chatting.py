"""A talk with a run's adapter in the terminal, beside its base model on request."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from db.records import Message, Role, Run
from pipelines.storable import storable
from timbre.arms import BASE, tuned_arm
from timbre.settings import Settings
from trainer.answer import Answerer, Decoding
from trainer.errors import TrainerError


@dataclass(frozen=True)
class Talk:
    """How to talk: a system prompt (empty for none), and whether the base model answers too."""

    system: str = ""
    beside_base: bool = False
    new_tokens: int = 128
    temperature: float = 0.0


class Voice:
    """A model in a conversation; it remembers what was said to it and what it answered."""

    def __init__(self, label: str, reply: Callable[[list[Message]], str]) -> None:
        """A voice that nothing has been said to; `reply` answers a conversation."""
        self.label = label
        self.said: list[Message] = []
        self._reply = reply

    def hear(self, text: str) -> str:
        """Answer what is said; what cannot be answered is forgotten.

        Raises `TrainerError` if the conversation has become too long for the model.
        """
        asked = [*self.said, Message(Role.USER, text)]
        answer = self._reply(asked)
        self.said = [*asked, Message(Role.ASSISTANT, answer)]
        return answer


def voices(run: Run, settings: Settings, talk: Talk) -> list[Voice]:
    """The tuned model, and after it its base where that is wanted, loaded and ready.

    Raises `TrainerError` if there is no adapter or the base is not the one it was trained on.
    """
    decoding = Decoding(
        max_new_tokens=talk.new_tokens, temperature=talk.temperature, no_repeat=0, batch_size=1
    )
    tuned = replace(tuned_arm(run, settings), system=talk.system)
    found = [Voice("tuned", Answerer(tuned, decoding).reply)]
    if talk.beside_base:
        base = replace(tuned, name=BASE, adapter=None, run=None)
        found.append(Voice("base", Answerer(base, decoding).reply))
    return found


def talk(voices: Iterable[Voice], lines: Iterable[str], say: Callable[[str], None]) -> None:
    """Put each line to every voice and say what each answers; `/new` begins another talk."""
    voices = list(voices)
    widest = max(len(voice.label) for voice in voices)
    for line in lines:
        text = storable(line.strip())
        if text == "/new":
            for voice in voices:
                voice.said = []
            continue
        if not text:
            continue
        for voice in voices:
            try:
                say(f"{voice.label:<{widest}}  {voice.hear(text)}")
            except TrainerError as error:
                say(f"{voice.label:<{widest}}  ({error}; /new begins another talk)")
