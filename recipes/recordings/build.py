"""Build the recording `written`, in which the texts in this folder answer the demo's prompts.

Run: `python -m recipes.recordings.build`. The texts are in the same order as the rows of the demo's
campaigns. Each line of `conversations.txt` contains a question and an answer, and each line of
`personas.txt` contains a text; in dialogues, “ // ” separates the turns.
"""

import json
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from db.records import Passage
from pipelines.conversations import ConversationTask, build_tone_pipeline
from pipelines.engine import stream_rows
from pipelines.journal import Journal
from pipelines.meter import Meter
from pipelines.personas import PersonaTask, build_persona_pipeline, persona_rows
from pipelines.plan import GenerationPlan
from pipelines.tasks import Row
from pipelines.teachers.cached import CachedLLM, TeacherIdentity
from pipelines.teachers.completion import Completion, Prompt, Teacher
from pipelines.teachers.recorded import read_card, replies_path
from pipelines.voices.tone import Tone
from timbre.campaign import Campaign, load_campaign
from timbre.settings import Settings
from timbre.stores import open_store
from timbre.workflows.ingest import add_articles, campaign_passages

NAME = "written"
CAMPAIGNS = ("demo-tone", "demo-persona")
_TEXTS = Path(__file__).parent
_ALL = 10_000  # rows in one batch, so that the prompts come in the order of the texts


class WrittenLLM(Teacher):
    """A teacher that answers prompts with prepared texts, one after the other."""

    name: str = NAME
    texts: list[str]

    def ask(self, prompts: Sequence[Prompt]) -> list[Completion]:
        """Return the next prepared texts, one for each prompt."""
        replies, self.texts = self.texts[: len(prompts)], self.texts[len(prompts) :]
        return [Completion(text) for text in replies]


def main() -> None:
    """Write the replies of the recording."""
    card, path = read_card(NAME), replies_path(NAME)
    path.unlink(missing_ok=True)
    identity = TeacherIdentity(card.teacher, card.parameters, card.seed)
    texts = {"demo-tone": conversation_texts(), "demo-persona": persona_texts()}
    with Journal(path) as journal:
        for campaign, passages in sample_passages():
            llm = WrittenLLM(texts=texts[campaign.name])
            teacher = CachedLLM.wrap(llm, identity, journal, Meter())
            plan = GenerationPlan(campaign.name, f"recorded:{NAME}", card.seed)
            rows = write(campaign, passages, plan, teacher)
            print(f"{campaign.name}: {rows} rows, {len(llm.texts)} texts left")  # noqa: T201 # a script


def write(
    campaign: Campaign, passages: Sequence[Passage], plan: GenerationPlan, teacher: Teacher
) -> int:
    """Run a campaign's pipeline, and return the number of rows."""
    if isinstance(campaign.voice, Tone):
        pipeline = build_tone_pipeline(ConversationTask.from_plan(campaign.voice, plan), teacher)
        rows: list[Row] = [{"passage": p.text, "subject": p.id} for p in passages]
    else:
        pipeline = build_persona_pipeline(PersonaTask.from_plan(campaign.voice, plan), teacher)
        rows = list(persona_rows(passages, campaign.voice, plan))
    return sum(1 for _ in stream_rows(pipeline, rows, _ALL, first_batch=_ALL))


def sample_passages() -> Iterator[tuple[Campaign, list[Passage]]]:
    """Yield the demo's campaigns, each with its passages from the sample articles."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        settings = Settings(home, f"sqlite:///{home / 'timbre.db'}", "", "", home)
        with open_store(settings) as store:
            add_articles(store, "sample", lambda *_: None)
            for name in CAMPAIGNS:
                campaign = load_campaign(name)
                yield campaign, campaign_passages(store, campaign)


def conversation_texts() -> list[str]:
    """Return all questions, followed by all answers."""
    rows = [line.split("|") for line in _lines("conversations.txt")]
    return [row[column] for column in (1, 2) for row in rows]


def persona_texts() -> list[str]:
    """Return all statements, followed by all dialogues (as JSON) and all documents."""
    texts = [line.split("|")[1] for line in _lines("personas.txt")]
    statements, dialogues, documents = (texts[start::3] for start in range(3))
    return [*statements, *map(_dialogue, dialogues), *documents]


def _lines(name: str) -> list[str]:
    return (_TEXTS / name).read_text(encoding="utf-8").splitlines()


def _dialogue(text: str) -> str:
    turns = text.split(" // ")
    roles = ("user", "assistant") * (len(turns) // 2)
    messages = [{"role": r, "content": turn} for r, turn in zip(roles, turns, strict=True)]
    return json.dumps({"messages": messages}, ensure_ascii=False)


if __name__ == "__main__":
    main()
