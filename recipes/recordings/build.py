"""Build the recording `written`, in which the texts in this folder answer the demo's prompts.

Run: `python -m recipes.recordings.build`. Each line starts with the article and the position of its
passage. `conversations.txt` has a question and an answer in each line, and `personas.txt` a kind,
the traits that its prompt asks for and a text, with “ // ” between the turns of a dialogue. A text
is only used for the prompt that it was written for.
"""

import json
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from db.records import Article, CandidateKind, Passage
from pipelines.conversations import ConversationTask, build_tone_pipeline
from pipelines.engine import stream_rows
from pipelines.journal import Journal
from pipelines.meter import Meter
from pipelines.personas import PersonaTask, build_persona_pipeline, persona_rows
from pipelines.plan import GenerationPlan
from pipelines.tasks import Row
from pipelines.teachers.cached import CachedLLM, TeacherIdentity
from pipelines.teachers.completion import Completion, Prompt, Teacher
from pipelines.teachers.recorded import NOT_RECORDED, read_card, replies_path
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
    """A teacher that answers prompts with prepared texts, one after the other.

    None in `texts` stands for a prompt without a text.
    """

    name: str = NAME
    texts: list[str | None]

    def ask(self, prompts: Sequence[Prompt]) -> list[Completion]:
        """Return the next prepared texts, one for each prompt."""
        replies, self.texts = self.texts[: len(prompts)], self.texts[len(prompts) :]
        return [Completion(text, reason="" if text else NOT_RECORDED) for text in replies]


def main() -> None:
    """Write the replies of the recording."""
    card, path = read_card(NAME), replies_path(NAME)
    path.unlink(missing_ok=True)
    identity = TeacherIdentity(card.teacher, card.parameters, card.seed)
    with Journal(path) as journal:
        for campaign, topics in sample_topics():
            plan = GenerationPlan(campaign.name, f"recorded:{NAME}", card.seed)
            rows, texts = rows_and_texts(campaign, topics, plan)
            llm = CachedLLM.wrap(WrittenLLM(texts=texts), identity, journal, Meter())
            count = write(campaign, rows, plan, llm)
            missing = texts.count(None)
            print(f"{campaign.name}: {count} rows, {missing} prompts without a text")  # noqa: T201 # a script


def rows_and_texts(
    campaign: Campaign, topics: dict[str, Passage], plan: GenerationPlan
) -> tuple[list[Row], list[str | None]]:
    """Return a campaign's rows, and the text for each prompt in the order of the prompts."""
    if isinstance(campaign.voice, Tone):
        lines = _lines("conversations.txt", 1)
        rows: list[Row] = [{"passage": p.text, "subject": p.id} for p in topics.values()]
        return rows, [lines[topic,][column] for column in (0, 1) for topic in topics]
    written = _lines("personas.txt", 3)
    rows = list(persona_rows(topics.values(), campaign.voice, plan))
    names = {passage.id: topic for topic, passage in topics.items()}
    keys = [
        (names[r["subject"]], r["kind"], ", ".join(t["name"] for t in r["traits"])) for r in rows
    ]
    texts = [_reply(key[1], written[key][0]) if key in written else None for key in keys]
    kinds = len(plan.kinds)
    return rows, [text for start in range(kinds) for text in texts[start::kinds]]


def write(campaign: Campaign, rows: list[Row], plan: GenerationPlan, teacher: Teacher) -> int:
    """Send rows through a campaign's pipeline, and return their number."""
    if isinstance(campaign.voice, Tone):
        pipeline = build_tone_pipeline(ConversationTask.from_plan(campaign.voice, plan), teacher)
    else:
        pipeline = build_persona_pipeline(PersonaTask.from_plan(campaign.voice, plan), teacher)
    return sum(1 for _ in stream_rows(pipeline, rows, _ALL, first_batch=_ALL))


def sample_topics() -> Iterator[tuple[Campaign, dict[str, Passage]]]:
    """Yield the demo's campaigns with their passages, by article title and position."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        settings = Settings(home, f"sqlite:///{home / 'timbre.db'}", "", "", home)
        with open_store(settings) as store:
            add_articles(store, "sample", lambda *_: None)
            titles = {article.id: article.title for article in store.stream(Article)}
            for name in CAMPAIGNS:
                campaign = load_campaign(name)
                passages = campaign_passages(store, campaign)
                yield campaign, {f"{titles[p.article]} {p.position}": p for p in passages}


def _lines(name: str, keys: int) -> dict[tuple[str, ...], list[str]]:
    """Read a file's lines. The first `keys` columns are the key, and the others are the value."""
    rows = [line.split("|") for line in (_TEXTS / name).read_text("utf-8").splitlines()]
    return {tuple(row[:keys]): row[keys:] for row in rows}


def _reply(kind: str, text: str) -> str:
    return _dialogue(text) if kind == CandidateKind.DIALOGUE else text


def _dialogue(text: str) -> str:
    turns = text.split(" // ")
    roles = ("user", "assistant") * (len(turns) // 2)
    messages = [{"role": r, "content": turn} for r, turn in zip(roles, turns, strict=True)]
    return json.dumps({"messages": messages}, ensure_ascii=False)


if __name__ == "__main__":
    main()
