"""A chat template in Ollama's words: a Modelfile whose template renders the same chats.

Ollama has a template language of its own. The pieces around each turn are read off the model's
template by rendering turns that are known, put into Ollama's words, and checked on further chats.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from db.records import Message, Role
from trainer.chat import Chat
from trainer.errors import TrainerError

_SAID = {role: f"⟦{role.value}⟧" for role in Role}
_CHECKED = (
    (Role.USER,),
    (Role.SYSTEM, Role.USER),
    (Role.USER, Role.ASSISTANT, Role.USER),
    (Role.SYSTEM, Role.USER, Role.ASSISTANT, Role.USER, Role.ASSISTANT, Role.USER),
)


@dataclass(frozen=True, slots=True)
class Pieces:
    """What a template writes before and after what each role says, and to begin an answer."""

    opening: str
    opening_without_system: str
    around: dict[Role, tuple[str, str]]
    answer: str

    def render(self, roles: Sequence[Role]) -> str:
        """A chat of these roles, as the Modelfile's template renders it."""
        opening = self.opening if Role.SYSTEM in roles else self.opening_without_system
        turns = (self.around[role][0] + _SAID[role] + self.around[role][1] for role in roles)
        return opening + "".join(turns) + self.answer


def modelfile(chat: Chat, weights: str) -> str:
    """The Modelfile for weights in the same folder.

    Raises `TrainerError` if the template renders turns by rules that pieces around them cannot
    say.
    """
    pieces = pieces_of(chat)
    for roles in _CHECKED:
        if pieces.render(roles) != _rendered(chat, roles):
            raise TrainerError(
                "found a chat template that cannot be said in Ollama's words, expected one that "
                "writes the same around each turn; serve the GGUF with llama.cpp, which reads it"
            )
    branches = [
        f'{{{{ {"else " if number else ""}if eq .Role "{role.value}" }}}}'
        f"{before}{_space(chat)}{{{{ .Content }}}}{after}"
        for number, (role, (before, after)) in enumerate(pieces.around.items())
    ]
    opening = pieces.opening
    if opening != pieces.opening_without_system:
        without = pieces.opening_without_system
        opening = f"{{{{ if .System }}}}{opening}{{{{ else }}}}{without}{{{{ end }}}}"
    turns = f"{{{{ range .Messages }}}}{''.join(branches)}{{{{ end }}}}{{{{ end }}}}"
    stop = chat.tokenizer.eos_token
    return (
        f"FROM ./{weights}\n"
        f'TEMPLATE """{opening}{turns}{pieces.answer}"""\n'
        f'PARAMETER stop "{stop}"\n'
    )


def pieces_of(chat: Chat) -> Pieces:
    """The pieces, read off what the template renders around words that are known."""
    system, user, assistant = Role.SYSTEM, Role.USER, Role.ASSISTANT
    turns: tuple[Role, ...] = (user, assistant, user)
    start, middle, next_turn, after_user = _between(_rendered(chat, turns, asked=False), turns)
    after_assistant = _between(_rendered(chat, turns[:2], asked=False), turns[:2])[-1]
    before_user = next_turn.removeprefix(after_assistant)
    turns = (system, user)
    start_of_system, next_turn, _ = _between(_rendered(chat, turns, asked=False), turns)
    first = str(chat.tokenizer.bos_token or "")
    opening = first if start_of_system.startswith(first) else ""
    return Pieces(
        opening=opening,
        opening_without_system=start.removesuffix(before_user),
        around={
            system: (start_of_system.removeprefix(opening), next_turn.removesuffix(before_user)),
            user: (before_user, after_user),
            assistant: (middle.removeprefix(after_user), after_assistant),
        },
        answer=_rendered(chat, (user,)).removeprefix(_rendered(chat, (user,), asked=False)),
    )


def _between(rendered: str, roles: Sequence[Role]) -> list[str]:
    pieces = []
    for role in roles:
        before, _, rendered = rendered.partition(_SAID[role])
        pieces.append(before)
    return [*pieces, rendered]


def _rendered(chat: Chat, roles: Sequence[Role], asked: bool = True) -> str:
    return chat.text([Message(role, _SAID[role]) for role in roles], asked)


def _space(chat: Chat) -> str:
    """The space that some tokenizers put before every stretch of text, and llama.cpp does not."""
    told = json.loads(chat.tokenizer.backend_tokenizer.to_str())["pre_tokenizer"]
    return " " if told.get("add_prefix_space") else ""
