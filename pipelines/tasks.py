"""The distilabel tasks: each a prompt file, the columns it reads, and the reply it expects.

A task is four pure parts (inputs, outputs, `format_input`, `format_output`). A reply that does
not hold what was asked for is asked for once more; then it sets the row aside: the column `refused`
says why and keeps the raw reply, and the tasks after it pass the row on untouched. A row with a
`fault` (what a text was refused for) is asked anew for the column that the fault names.
"""

from typing import Any

from distilabel.models.llms.base import LLM
from distilabel.steps.base import StepInput
from distilabel.steps.tasks.base import Task
from pydantic import PrivateAttr

from pipelines.prompting import Chat, block
from pipelines.replies import WRONG, again, form, reply
from pipelines.teachers.recorded import Recorded

Row = dict[str, Any]


class PromptTask(Task):
    """Asks the teacher with a prompt file and takes one key out of the JSON object it replies.

    `reads` are the columns put into its user block, `constants` what is the same for every row,
    `writes` the key of the reply and the column it goes to.
    """

    llm: LLM
    prompt: str
    reads: list[str]
    writes: str
    constants: dict[str, Any] = {}  # noqa: RUF012 # a pydantic field, copied per instance
    add_raw_input: bool = False
    add_raw_output: bool = False
    _system: str = PrivateAttr(default="")

    @property
    def inputs(self) -> list[str]:
        """The columns the prompt is filled with."""
        return self.reads

    @property
    def outputs(self) -> list[str]:
        """The reply, the reason a row was set aside (None while it was not), the model."""
        return [self.writes, "refused", "model_name"]

    def format_input(self, input: Row) -> Chat:  # distilabel's name
        """The prompt as chat messages; its system block is the same for every row."""
        if not self._system:
            self._system = block(self.prompt, "system", **self.constants)
        columns = {name: input[name] for name in self.reads}
        user = block(self.prompt, "user", **self.constants, **columns)
        chat = [{"role": "system", "content": self._system}, {"role": "user", "content": user}]
        fault = input.get("fault") or {}
        if fault.get("writes") == self.writes:
            return again(chat, fault["reason"], fault["text"])
        return chat

    def format_output(self, output: str | None, input: Row | None = None) -> Row:
        """The value replied, or why there is none."""
        value = reply(output, self.writes)
        if value is not None:
            return {self.writes: value, "refused": None}
        reason = "no reply" if output is None else WRONG
        refused = {
            "reason": reason,
            "detail": f"{self.prompt}: {self.writes}",
            "text": output or "",
            "writes": self.writes,
        }
        return {self.writes: None, "refused": refused}

    def process(self, inputs: StepInput) -> Any:
        """Asks for the rows it concerns, in one call of the teacher; the others are passed on."""
        asked = [row for row in inputs if self.concerns(row)]
        chats = [self.format_input(row) for row in asked]
        made = [self._row(row, output) for row, output in zip(asked, self._ask(chats), strict=True)]
        self._repair(made, chats)
        answered = iter(made)
        passed_on = {self.writes: None, "refused": None, "model_name": self.llm.model_name}
        yield [next(answered) if self.concerns(row) else {**passed_on, **row} for row in inputs]

    def concerns(self, row: Row) -> bool:
        """Whether a row is to be asked for: it has not been set aside, and has no value yet."""
        return not row.get("refused") and row.get(self.writes) is None

    def _ask(self, chats: list[Chat]) -> list[dict[str, Any]]:
        if not chats:
            return []
        with_form = isinstance(self.llm, Recorded)
        asked = [(chat, form(self.writes)) for chat in chats] if with_form else chats
        outputs: list[dict[str, Any]] = self.llm.generate_outputs(
            inputs=asked, **self.llm.get_generation_kwargs()
        )
        return outputs

    def _repair(self, made: list[Row], chats: list[Chat]) -> None:
        """Asks once more, in place, for the rows whose reply was not what was asked for."""
        broken = [n for n, row in enumerate(made) if (row["refused"] or {}).get("reason") == WRONG]
        asked = [again(chats[n], WRONG, made[n]["refused"]["text"]) for n in broken]
        for n, output in zip(broken, self._ask(asked), strict=True):
            mended = self._row(made[n], output)
            if mended["refused"]:  # the first reply says more of what went wrong
                mended["refused"] = made[n]["refused"]
            made[n] = mended

    def _row(self, row: Row, made: dict[str, Any]) -> Row:
        counts = made.get("statistics", {})
        parts = self.format_output(made["generations"][0], row)
        if made.get("reason"):
            why = {"reason": made["reason"][0], "text": made["raw"][0]}
            parts["refused"] = {**parts["refused"], **why}
        return {
            **row,
            **parts,
            "model_name": self.llm.model_name,
            "input_tokens": row.get("input_tokens", 0) + sum(counts.get("input_tokens", [])),
            "output_tokens": row.get("output_tokens", 0) + sum(counts.get("output_tokens", [])),
        }
