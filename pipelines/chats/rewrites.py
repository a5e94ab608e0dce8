"""The rewrite pipeline, in which a teacher rewrites the answers of existing chats in a tone.

The prompt for each answer also contains the earlier turns of the chat. The original answers are
stored as the reference for checks and reviewers.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from distilabel.models.llms.base import LLM
from distilabel.pipeline.local import Pipeline

from db.records import TURN_BREAK, Candidate, Rejection, Role
from pipelines.chats.chat_import import ChatImport, import_chats
from pipelines.chats.exchanges import AddContext, JoinTurns, SplitTurns
from pipelines.checks.campaign import CampaignChecks
from pipelines.conversations import ConversationTask, retelling
from pipelines.engine import quiet_distilabel
from pipelines.plan import GenerationPlan
from pipelines.run import GenerationRun
from pipelines.tasks import Row
from pipelines.voices.tone import Tone


@dataclass(frozen=True)
class Original:
    """A chat whose answers are to be rewritten, with its file name and number."""

    subject: str
    chat: Candidate

    @property
    def row(self) -> Row:
        """The pipeline row for this chat, with its questions and answers.

        An answer that is excluded from the training loss is needed only as context, so it isn't
        rewritten.
        """
        exchanges, question = [], ""
        for message in self.chat.messages:
            if message.role is Role.ASSISTANT:
                kept = None if message.has_loss else message.content
                exchanges.append(
                    {
                        "question": question,
                        "plain_answer": message.content,
                        "answer": kept,
                        "is_kept": not message.has_loss,
                    }
                )
            question = message.content if message.role is Role.USER else ""
        return {"passage": "", "subject": self.subject, "exchanges": exchanges}

    def rewritten(self, exchanges: list[dict[str, Any]]) -> dict[str, Any]:
        """Return the fields of the candidate that contains the rewritten answers."""
        answers = iter(exchanges)
        messages = tuple(
            replace(m, content=next(answers)["answer"]) if m.role is Role.ASSISTANT else m
            for m in self.chat.messages
        )
        originals = [each["plain_answer"] for each in exchanges if not each["is_kept"]]
        return {
            "kind": self.chat.kind,
            "messages": messages,
            "question": self.chat.question,
            "reference": TURN_BREAK.join(originals),
            "passage": None,
        }


def build_rewrite_pipeline(task: ConversationTask, llm: LLM) -> Pipeline:
    """Build the distilabel pipeline that rewrites the answers of chats."""
    with quiet_distilabel(), Pipeline(name="rewrites") as pipeline:
        split, context = SplitTurns(name="split_turns"), AddContext(name="add_context")
        split >> context >> retelling(task, llm) >> JoinTurns(name="join_turns")
    return pipeline


def read_originals(source: ChatImport) -> tuple[list[Original], list[Rejection]]:
    """Read the chats of a file, and return them with the rejections of unusable chats.

    Raises `SourceError` if the file can't be used.
    """
    originals, rejections = list[Original](), list[Rejection]()
    for number, record in enumerate(import_chats(source), 1):
        if isinstance(record, Rejection):
            rejections.append(record)
        else:
            originals.append(Original(f"{source.path.name}:{number}", record))
    return originals, rejections


def rewrite_chats(
    source: ChatImport, tone: Tone, plan: GenerationPlan
) -> Iterator[Candidate | Rejection]:
    """Yield the chats of a file with rewritten answers, and a rejection for each failure.

    Raises `SourceError` if the file can't be used, and `TeacherError` if the teacher can't be used.
    """
    originals, rejections = read_originals(source)
    by_subject = {original.subject: original for original in originals}
    task = ConversationTask.from_plan(tone, plan).for_rewrites()
    run = GenerationRun(
        plan=plan,
        checks=CampaignChecks(tone.language, resources=plan.resources),
        build=lambda llm: build_rewrite_pipeline(task, llm),
        prompts=lambda _: task.answer_prompts,
        text_column=lambda _: "answer",
        fields=lambda row: by_subject[row["subject"]].rewritten(row["exchanges"]),
        examples=task.examples,
        parameters={"chats": source.path.name, "licence": source.licence},
    )
    yield from run.candidates((original.row for original in originals), tone.phrasebook)
    yield from rejections
