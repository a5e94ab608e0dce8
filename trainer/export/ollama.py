"""Convert a chat template to an Ollama Modelfile that renders the same chats.

The text around each turn is extracted from the model's chat template by rendering turns with known
contents. The resulting Modelfile is checked by rendering other test chats with both templates.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from db.records import Message, Role
from trainer.chat import Chat
from trainer.errors import TrainerError

_CONTENT = {role: f"⟦{role.value}⟧" for role in Role}
_TEST_CHATS = (
    (Role.USER,),
    (Role.SYSTEM, Role.USER),
    (Role.USER, Role.ASSISTANT, Role.USER),
    (Role.SYSTEM, Role.USER, Role.ASSISTANT, Role.USER, Role.ASSISTANT, Role.USER),
)


@dataclass(frozen=True, slots=True)
class Pieces:
    """The text that a chat template adds at the start, around turns and before an answer."""

    opening: str
    opening_without_system: str
    around: dict[Role, tuple[str, str]]
    answer: str

    def render(self, roles: Sequence[Role]) -> str:
        """Render placeholder turns with the given roles, using the Modelfile's template."""
        opening = self.opening if Role.SYSTEM in roles else self.opening_without_system
        turns = (self.around[role][0] + _CONTENT[role] + self.around[role][1] for role in roles)
        return opening + "".join(turns) + self.answer


def modelfile(chat: Chat, weights: str) -> str:
    """Build a Modelfile for a weights file, which must be in the same folder.

    Raises `TrainerError` if the template doesn't write the same text around every turn.
    """
    pieces = pieces_of(chat)
    for roles in _TEST_CHATS:
        if pieces.render(roles) != _render(chat, roles):
            raise TrainerError(
                "The model's chat template can't be converted for Ollama because it doesn't write "
                "the same text around each turn. Serve the GGUF file with llama.cpp, which reads "
                "the template directly."
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
    """Extract the text around turns by rendering a model's template with known contents."""
    system, user, assistant = Role.SYSTEM, Role.USER, Role.ASSISTANT
    start, middle, next_turn, after_user = _between(chat, (user, assistant, user))
    after_assistant = _between(chat, (user, assistant))[-1]
    before_user = next_turn.removeprefix(after_assistant)
    start_of_system, next_turn, _ = _between(chat, (system, user))
    first = str(chat.tokenizer.bos_token or "")
    # In some models every turn starts with this token, so it isn't part of the opening.
    is_opening = start_of_system.startswith(first) and not before_user.startswith(first)
    opening = first if is_opening else ""
    return Pieces(
        opening=opening,
        opening_without_system=start.removesuffix(before_user),
        around={
            system: (start_of_system.removeprefix(opening), next_turn.removesuffix(before_user)),
            user: (before_user, after_user),
            assistant: (middle.removeprefix(after_user), after_assistant),
        },
        answer=_render(chat, (user,)).removeprefix(_render(chat, (user,), is_prompt=False)),
    )


def _between(chat: Chat, roles: Sequence[Role]) -> list[str]:
    """Return the texts that a template writes before, between and after turns with these roles."""
    rest = _render(chat, roles, is_prompt=False)
    pieces = []
    for role in roles:
        before, _, rest = rest.partition(_CONTENT[role])
        pieces.append(before)
    return [*pieces, rest]


def _render(chat: Chat, roles: Sequence[Role], is_prompt: bool = True) -> str:
    return chat.render([Message(role, _CONTENT[role]) for role in roles], is_prompt)


def _space(chat: Chat) -> str:
    """Return the space that some tokenizers add before every piece of text, unlike llama.cpp."""
    data = json.loads(chat.tokenizer.backend_tokenizer.to_str())["pre_tokenizer"]
    return " " if data.get("add_prefix_space") else ""
