"""Measure the cost and yield of each prompt with a teacher model on real paragraphs.

Run: `python -m benchmarks.prompts --teacher openai:MODEL@URL [--passages 12] [--sets v1 v2]
[--journals FOLDER] [--texts FILE] [--record]`.

Replies are stored in a journal in the folder that `--journals` names. To continue an interrupted
run, run the same command again. `--texts` writes the accepted and rejected texts to a file.
"""

import argparse
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from benchmarks.phrasebook import ARTICLES, read_passages
from benchmarks.record import publish
from db.records import Candidate, CandidateKind, Passage, Rejection
from evaluation.measures.tone import is_conversational
from pipelines.conversations import generate_conversations
from pipelines.errors import TeacherError
from pipelines.meter import Meter
from pipelines.personas import generate_persona_texts
from pipelines.plan import GenerationPlan
from pipelines.prompting import file_examples, render_block, render_examples
from pipelines.teachers.completion import Prompt, Teacher
from pipelines.teachers.registry import build_teacher
from pipelines.voices import persona as personas
from pipelines.voices import tone as tones
from pipelines.voices.tone import TonePhrases
from pipelines.worked_examples import of_kind, voice_examples
from timbre.campaign import load_persona, load_tone

KINDS = tuple(CandidateKind)
SETS = {
    "v1": (tones.OFFLINE_PROMPTS, personas.OFFLINE_PROMPTS),
    "v2": (tones.MODEL_PROMPTS, personas.MODEL_PROMPTS),
}
_TEMPERATURE = 0.3
_MAX_TOKENS = 400
Records: TypeAlias = list[Candidate | Rejection]


@dataclass(frozen=True)
class Cell:
    """A combination of a prompt set, a kind of text and a teacher, with the passages to use."""

    prompts: str
    kind: CandidateKind
    plan: GenerationPlan
    passages: list[Passage]

    def run(self) -> tuple[Records, float]:
        """Return the texts and the seconds spent on them; replies from the journal take no time."""
        tone_prompts, persona_prompts = SETS[self.prompts]
        start = time.perf_counter()
        if self.kind is CandidateKind.CONVERSATION:
            tone = replace(load_tone("conversational"), prompts=tone_prompts)
            records: Iterable[Candidate | Rejection] = generate_conversations(
                self.passages, tone, self.plan
            )
        else:
            persona = replace(load_persona("marlo"), prompts=persona_prompts)
            plan = replace(self.plan, kinds=(self.kind,))
            records = generate_persona_texts(self.passages, persona, plan)
        return list(records), time.perf_counter() - start

    def files(self) -> Iterator[str]:
        """The names of the prompt files that the cell uses."""
        tone_prompts, persona_prompts = SETS[self.prompts]
        if self.kind is CandidateKind.CONVERSATION:
            yield from filter(None, vars(tone_prompts).values())
        else:
            yield str(getattr(persona_prompts, self.kind))


def count_prefixes(cell: Cell) -> dict[str, int]:
    """Count the tokens that are the same in all requests with a prompt file.

    They are at the start of each request, so servers can cache them.
    """
    teacher = build_teacher(cell.plan, TonePhrases())
    teacher.load()
    try:
        return {file: _prefix_tokens(teacher, cell.kind, file) for file in cell.files()}
    finally:
        teacher.unload()


def _prefix_tokens(teacher: Teacher, kind: CandidateKind, file: str) -> int:
    voice = load_tone("conversational") if kind is CandidateKind.CONVERSATION else None
    persona = load_persona("marlo")
    values = {"tone": voice, "persona": persona, "count": 1}
    system = render_block(file, "system", **values)
    examples = file_examples(file) or of_kind(voice_examples(voice or persona), kind)
    turns = render_examples(file, [{**values, **example} for example in examples])
    chat = [{"role": "system", "content": system}, *turns, {"role": "user", "content": "."}]
    (completion,) = teacher.ask([Prompt(chat)])
    return completion.input_tokens or 0


def describe(cell: Cell, read_text: Callable[[str], None]) -> list[str]:
    """Return a row of the table, with the costs and yields of a cell."""
    meter = Meter()
    cell = replace(cell, plan=replace(cell.plan, meter=meter))
    records, seconds = cell.run()
    accepted = [record for record in records if isinstance(record, Candidate)]
    for record in records:
        read_text(_describe_record(cell, record))
    prefixes = count_prefixes(cell)
    tokens = sum(record.input_tokens for record in accepted)
    uncached = tokens - len(accepted) * sum(prefixes.values())
    on_tone = [is_conversational(record.review_text) for record in accepted]
    reasons = Counter(record.reason for record in records if isinstance(record, Rejection))
    count = max(1, len(accepted))
    yield_share = len(accepted) / max(1, len(cell.passages))
    return [
        cell.prompts,
        str(cell.kind),
        f"{len(accepted)} of {len(cell.passages)} ({yield_share:.0%})",
        f"{(meter.requests + meter.cached) / count:.1f}",
        f"{sum(prefixes.values()):,}",
        f"{uncached / count / max(yield_share, 0.01):,.0f}",
        f"{seconds / max(1, meter.requests):.1f}" if meter.requests else "",
        f"{sum(on_tone) / count:.0%}" if cell.kind is CandidateKind.CONVERSATION else "",
        ", ".join(f"{n} {reason}" for reason, n in reasons.most_common()),
    ]


def _describe_record(cell: Cell, record: Candidate | Rejection) -> str:
    head = f"== {cell.prompts} {cell.kind}"
    if isinstance(record, Rejection):
        return f"{head} rejected: {record.reason} ({record.detail})\n{record.text}\n"
    source = f"Q: {record.question}\nP: {record.reference}\nA: " if record.question else ""
    return f"{head} {', '.join(record.traits)}\n{source}{record.review_text}\n"


COLUMNS = (
    "prompts", "kind", "passages with an accepted text", "replies per accepted text",
    "prefix tokens", "other input tokens per accepted text", "seconds per reply", "on tone",
    "rejected",
)  # fmt: skip


def main() -> None:
    """Print the table, or record it in its page."""
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser()
    parser.add_argument("--teacher", action="append", required=True)
    parser.add_argument("--passages", type=int, default=12)
    parser.add_argument("--sets", nargs="+", choices=list(SETS), default=list(SETS))
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS, type=CandidateKind)
    parser.add_argument("--journals", type=Path, default=Path(".timbre/benchmarks"))
    parser.add_argument("--retry", action="store_true", help="ask once more for rejected texts")
    parser.add_argument("--texts", type=Path)
    parser.add_argument("--record", action="store_true")
    options = parser.parse_args()
    passages = read_passages(Path(ARTICLES), options.passages)
    texts: list[str] = []
    lines: list[str] = []
    for teacher in options.teacher:
        lines += [f"Teacher `{teacher.split('@')[0]}`, {options.passages} passages:", ""]
        lines += [_row(COLUMNS), _row("---" for _ in COLUMNS)]
        plan = GenerationPlan(
            campaign="benchmark", teacher=teacher, seed=7, temperature=_TEMPERATURE,
            max_tokens=_MAX_TOKENS, concurrency=2, journal=options.journals / "prompts.jsonl",
            retry=options.retry,
        )  # fmt: skip
        for prompts in options.sets:
            for kind in options.kinds:
                cell = Cell(prompts, kind, plan, passages)
                try:
                    lines.append(_row(describe(cell, texts.append)))
                except TeacherError as error:
                    lines.append(_row([prompts, kind, str(error)]))
                print(lines[-1], flush=True)
        lines.append("")
    if options.texts:
        options.texts.write_text("\n".join(texts), encoding="utf-8")
    publish("prompts", lines, options.record)


def _row(cells: Iterable[object]) -> str:
    return f"| {' | '.join(map(str, cells))} |"


if __name__ == "__main__":
    main()
