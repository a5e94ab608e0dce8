"""The distilabel task that sends a rendered prompt to a teacher and reads one value from the reply.

If the prompt file has a reply block (see `prompting.py`), worked examples are sent as earlier chat
turns.

If a reply is malformed, the task asks once more. If the second reply is malformed too, the task
rejects the row: the `rejection` column contains the reason and the raw reply, and later tasks pass
the row on unchanged. If a row has a `fault` (the reason why its finished text was rejected), the
task requests a new value.
"""

from typing import Any

from distilabel.models.llms.base import LLM
from distilabel.steps.base import StepInput
from distilabel.steps.tasks.base import Task
from pydantic import PrivateAttr

from pipelines.prompting import (
    TEXT_REPLY,
    ChatMessages,
    file_examples,
    prompt_label,
    render_block,
    render_examples,
    reply_block,
)
from pipelines.replies import (
    MALFORMED_REPLY,
    parse_reply,
    parse_text,
    reply_schema,
    retry_chat,
    retry_turn,
)
from pipelines.teachers.completion import Teacher

Row = dict[str, Any]


class PromptTask(Task):
    """A task that renders a prompt from a row's columns and stores the reply in a new column.

    `reads` lists the columns in the prompt's user block, `constants` contains the values that are
    the same for every row, and `writes` is both the key in the reply and the name of the new
    column. Rows of another `kind` are passed on unchanged.

    `examples` contains the worked examples; by default, those in the prompt file are used. Each
    example has the same columns as a row. An example can also list the `articles` that it comes
    from, and is then left out of prompts about those articles. `addition` is appended to the system
    message.
    """

    llm: LLM
    prompt: str
    kind: str | None = None
    reads: list[str]
    writes: str
    constants: dict[str, Any] = {}  # noqa: RUF012 # a pydantic field, copied per instance
    addition: str = ""
    add_raw_input: bool = False
    examples: list[dict[str, Any]] = []  # noqa: RUF012 # as above
    add_raw_output: bool = False
    _prefixes: dict[str, ChatMessages] = PrivateAttr(default_factory=dict)

    @property
    def inputs(self) -> list[str]:
        """The columns that the prompt uses."""
        return self.reads

    @property
    def outputs(self) -> list[str]:
        """The new columns: the teacher's value, the rejection (or None), and the model name."""
        return [self.writes, "rejection", "model_name"]

    def format_input(self, input: Row) -> ChatMessages:  # distilabel's name
        """Render the prompt as chat messages. The messages before the user's turn are cached."""
        columns = {name: input[name] for name in self.reads}
        user = render_block(self.prompt, "user", **self.constants, **columns)
        chat = [*self._prefix(input.get("article") or ""), {"role": "user", "content": user}]
        fault = input.get("fault") or {}
        if fault.get("writes") == self.writes:
            return self._retry(chat, fault["reason"], fault["text"])
        return chat

    def _prefix(self, article: str) -> ChatMessages:
        """Build the system message and the worked examples, except those from the same article."""
        examples = self.examples or file_examples(self.prompt)
        shown = [example for example in examples if article not in example.get("articles", ())]
        key = article if len(shown) < len(examples) else ""
        if key not in self._prefixes:
            system = render_block(self.prompt, "system", **self.constants)
            system = "\n\n".join(filter(None, (system, self.addition)))
            turns = render_examples(self.prompt, [{**self.constants, **each} for each in shown])
            self._prefixes[key] = [{"role": "system", "content": system}, *turns]
        return self._prefixes[key]

    def _retry(self, chat: ChatMessages, reason: str, text: str) -> ChatMessages:
        """Build a chat that says why the teacher's reply was rejected and asks for another one."""
        return (retry_turn if reply_block(self.prompt) else retry_chat)(chat, reason, text)

    @property
    def _is_text(self) -> bool:
        return reply_block(self.prompt) == TEXT_REPLY

    def format_output(self, output: str | None, input: Row | None = None) -> Row:
        """Return the value from a reply, or a rejection."""
        value = (parse_text if self._is_text else parse_reply)(output, self.writes)
        if value is not None:
            return {self.writes: value, "rejection": None}
        rejection = {
            "reason": "no reply" if output is None else MALFORMED_REPLY,
            "detail": f"{prompt_label(self.prompt)}: {self.writes}",
            "text": output or "",
            "writes": self.writes,
        }
        return {self.writes: None, "rejection": rejection}

    def process(self, inputs: StepInput) -> Any:
        """Send all applicable rows to the teacher in one call, and pass on the others."""
        answered = iter(self._answer([row for row in inputs if self.applies_to(row)]))
        unchanged = {self.writes: None, "rejection": None, "model_name": self.llm.model_name}
        yield [next(answered) if self.applies_to(row) else {**unchanged, **row} for row in inputs]

    def applies_to(self, row: Row) -> bool:
        """Return whether a row is of the task's kind, isn't rejected and has no value yet."""
        is_open = not row.get("rejection") and row.get(self.writes) is None
        return is_open and row.get("kind") == self.kind

    def _answer(self, rows: list[Row]) -> list[Row]:
        """Send each row's prompt to the teacher, and ask once more if the reply is malformed."""
        chats = [self.format_input(row) for row in rows]
        pairs = zip(rows, self._ask(chats), strict=True)
        answered = [self._add_reply(row, output) for row, output in pairs]
        rejections = {n: row["rejection"] for n, row in enumerate(answered) if row["rejection"]}
        malformed = {n: r for n, r in rejections.items() if r["reason"] == MALFORMED_REPLY}
        retries = [self._retry(chats[n], MALFORMED_REPLY, r["text"]) for n, r in malformed.items()]
        for n, output in zip(malformed, self._ask(retries), strict=True):
            answered[n] = self._add_reply(answered[n], output)
            if answered[n]["rejection"]:  # the first reply shows more clearly what went wrong
                answered[n]["rejection"] = malformed[n]
        return answered

    def _ask(self, chats: list[ChatMessages]) -> list[dict[str, Any]]:
        if not chats:
            return []
        takes_schema = isinstance(self.llm, Teacher)
        count = self.constants.get("count", 0)
        schema = None if self._is_text else reply_schema(self.writes, count)
        inputs = [(chat, schema) for chat in chats] if takes_schema else chats
        return list(self.llm.generate_outputs(inputs=inputs, **self.llm.get_generation_kwargs()))

    def _add_reply(self, row: Row, output: dict[str, Any]) -> Row:
        counts = output.get("statistics", {})
        columns = self.format_output(output["generations"][0], row)
        if output.get("reason"):  # the reason why the teacher sent no reply
            reason = {"reason": output["reason"][0], "text": output["raw"][0]}
            columns["rejection"] = {**columns["rejection"], **reason}
        tokens = {
            name: row.get(name, 0) + sum(counts.get(name, []))
            for name in ("input_tokens", "output_tokens")
        }
        return {**row, **columns, **tokens, "model_name": self.llm.model_name}
