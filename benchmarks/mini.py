"""What LoRA on the mini base model shows: a register learned from 10 to 300 rewrites, three seeds.

    python -m benchmarks.mini --source DUMP --dialogue DIALOGUES… --out FOLDER

Passages of articles that the mini was not trained on become conversations by the offline teacher,
of which those are kept that both of the demo's written rules approve. Adapters trained on some of
them answer 50 prompts of other articles, greedily and without a system
prompt. Conversational is the evaluation's rule; chat is the probability by a classifier of human
dialogue against the source's own paragraphs, which saw no rewrite. A finished answer is kept under
--out and not made again. The tables go to docs/benchmarks/mini.md.
"""

import argparse
import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from pathlib import Path
from random import Random

from annotation.items import CandidateItem
from annotation.review import DECISION
from annotation.rules import RULE_REVIEWERS, review_by_rule
from benchmarks.record import record
from db.records import Answer, Article, Candidate, Example, Interval, Passage, Split
from evaluation.content import loops, similarities
from evaluation.register import RegisterModel, fit, predict
from evaluation.statistics import mean_interval, paired_bootstrap, wilson
from evaluation.tone import flesch_reading_ease, is_conversational
from pipelines.conversations import conversations
from pipelines.plan import GenerationPlan
from pipelines.tone_file import Tone, load_tone
from pipelines.wikipedia.intake import records
from timbre.settings import config_file
from trainer.adapter import FACTS
from trainer.answer import Arm, Decoding, answer
from trainer.checkpoints import ADAPTER, CHECKPOINTS
from trainer.config import TrainingConfig, load_config
from trainer.embed import embed
from trainer.mini import corpus, packaged
from trainer.results import TrainingResult
from trainer.score import score
from trainer.sft import train

PROMPTS = 50
SIZES = (10, 30, 100, 300)
SEEDS = (0, 1, 2)
PRECISIONS = ("float32", "int8", "nf4")
EVERY = 40  # steps between two points of a curve
STEPS = 160
DECODING = Decoding(max_new_tokens=160, no_repeat=6)
TALK = 1500  # texts of each side that the classifier is fitted to


@dataclass(frozen=True)
class Material:
    """Conversations to train on and to ask, of different articles, with their passages' texts."""

    pool: list[Example]
    asked: list[Example]
    passages: dict[str, str]

    @cached_property
    def sources(self) -> list[str]:
        """The passage of each prompt."""
        return [self.passages[example.passage or ""] for example in self.asked]


def material(source: str, tone: Tone) -> Material:
    """Conversations about the source's articles, those that the mini was trained on left out."""
    known, unseen, passages = packaged.trained_on(), set[str](), list[Passage]()
    for taken in records(source, workers=1):
        if isinstance(taken, Article) and taken.page not in known:
            unseen.add(taken.id)
        elif isinstance(taken, Passage) and taken.article in unseen:
            passages.append(taken)
    passages.sort(key=lambda passage: (passage.position, passage.id))
    made = conversations(passages[:1500], tone, GenerationPlan("mini", seed=1))
    home = {passage.id: passage.article for passage in passages}
    told = {passage.id: passage for passage in passages}
    chats = [c for c in made if isinstance(c, Candidate) and approved(c, told[c.passage or ""])]
    chats.sort(key=lambda c: (home[c.passage or ""], c.id))
    pool, asked = list[Example](), list[Example]()
    for _, group in groupby(chats, key=lambda c: home[c.passage or ""]):
        side, split = (asked, Split.TEST) if len(asked) < PROMPTS else (pool, Split.TRAIN)
        side.extend(example(c, split) for c in group)
    Random(0).shuffle(pool)  # noqa: S311 - an order, not a secret
    return Material(pool, asked[:PROMPTS], {p.id: p.text for p in passages})


def approved(candidate: Candidate, passage: Passage) -> bool:
    """Whether both written rules of the demo approve a candidate."""
    item = CandidateItem(candidate, passage, None)
    reviews = [review_by_rule(item, rule) for rule in RULE_REVIEWERS]
    return all(Answer(DECISION, "approve") in review.answers for review in reviews)


def example(candidate: Candidate, split: Split) -> Example:
    """A conversation as it is, without a reviewer: this measures learning, not people."""
    return Example(
        candidate=candidate.id,
        verdict="",
        kind=candidate.kind,
        split=split,
        messages=candidate.messages,
        text="",
        question=candidate.question,
        reference=candidate.reference,
        passage=candidate.passage,
    )


@dataclass(frozen=True)
class Row:
    """A line of the table: answers to the prompts, over one seed or several."""

    name: str
    answers: list[str]
    sources: list[str]
    loss: float | None = None

    @cached_property
    def close(self) -> list[float]:
        """Similarity of each answer to its passage."""
        return similarities(embed(self.answers), embed(self.sources))

    def cells(self, judge: RegisterModel) -> list[str]:
        """The figures of the line, with 95 % intervals where one is due."""
        rate = wilson(sum(map(is_conversational, self.answers)), len(self.answers))
        chat = mean_interval(predict(judge, self.answers))
        ease = mean_interval([flesch_reading_ease(a) for a in self.answers if a.split()])
        looping = wilson(sum(map(loops, self.answers)), len(self.answers))
        close = mean_interval(self.close)
        loss = "" if self.loss is None else f"{self.loss:.3f}"
        shares = (percent(rate), percent(chat), f"{ease.estimate:.0f}")
        return [self.name, *shares, f"{close.estimate:.3f}", percent(looping), loss]


def percent(interval: Interval) -> str:
    """A share with its bounds, in per cent."""
    middle, low, high = (100 * v for v in (interval.estimate, interval.low, interval.high))
    return f"{middle:.0f} ({low:.0f} to {high:.0f})"


def judge(material: Material, dialogues: Sequence[Path]) -> RegisterModel:
    """Human dialogue, three turns a text, against paragraphs that no prompt is of."""
    spoken = [" ".join(turns[:3]) for turns in corpus.spoken(dialogues) if len(turns) > 2][:TALK]
    own = set(material.sources)
    written = [text for text in material.passages.values() if text not in own][:TALK]
    labels = [True] * len(spoken) + [False] * len(written)
    return fit(spoken + written, labels, "human dialogue and the source's paragraphs")


@dataclass(frozen=True)
class Bench:
    """A folder in which trainings and answers are kept."""

    folder: Path
    material: Material
    config: TrainingConfig

    def base(self, name: str, system: str = "") -> Row:
        """The base model's answers."""
        arm = Arm(name, self.config.base, system=system)
        loss = None if system else self.loss(name, arm)
        return Row(name, self.answers(name, arm), self.material.sources, loss)

    def tuned(self, size: int, seed: int, precision: str) -> tuple[Row, TrainingResult]:
        """An adapter's answers, and how its training went; its steps' adapters are kept."""
        name = f"{size}-{seed}-{precision}"
        folder = self.folder / name
        config = replace(self.config, seed=seed, precision=precision)
        taught = Random(seed).sample(self.material.pool, size)  # noqa: S311 - as above

        def keep(step: int, _: int, __: float) -> None:
            for checkpoint in folder.glob(f"{CHECKPOINTS}/*-{step - 1}"):
                shutil.copytree(checkpoint, folder / f"at-{step - 1}", dirs_exist_ok=True)

        result = train(taught, config, folder, keep, resume=True)
        for kept in folder.glob("at-*"):
            shutil.copy(folder / ADAPTER / FACTS, kept)
        arm = Arm(name, config.base, adapter=result.adapter)
        row = Row(name, self.answers(name, arm), self.material.sources, self.loss(name, arm))
        return row, result

    def at(self, step: int, name: str) -> Row:
        """The answers of an adapter as it was after some of its steps."""
        place = ADAPTER if step == STEPS else f"at-{step}"
        arm = Arm(name, self.config.base, adapter=self.folder / name / place)
        answers = self.answers(name if step == STEPS else f"{name}-at-{step}", arm)
        return Row(f"{step}", answers, self.material.sources)

    def answers(self, name: str, arm: Arm) -> list[str]:
        """The arm's answers in the order of the prompts, made once."""
        path = self.folder / f"{name}.answers.json"
        if not path.exists():
            said = {o.prompt: o.text for o in answer(self.material.asked, arm, DECODING)}
            path.write_text(json.dumps(said))
        kept = json.loads(path.read_text())
        return [kept[prompt.id] for prompt in self.material.asked]

    def loss(self, name: str, arm: Arm) -> float:
        """Nats per token of the held-out rewrites, measured once."""
        path = self.folder / f"{name}.loss.json"
        if not path.exists():
            found = [s.loss for s in score(self.material.asked, arm)]
            path.write_text(json.dumps(sum(found) / len(found)))
        return float(json.loads(path.read_text()))


def pooled(name: str, rows: Sequence[Row]) -> Row:
    """Several seeds' answers as one line."""
    mean = sum(row.loss or 0 for row in rows) / len(rows)
    answers = [a for row in rows for a in row.answers]
    return Row(name, answers, [s for row in rows for s in row.sources], mean)


def tables(bench: Bench, tone: Tone, chat: RegisterModel) -> Iterator[str]:
    """The three tables: registers by size, what content costs, and curves by precision."""
    asked, sources = bench.material.asked, bench.material.sources
    plain = Row("plain answers (reference)", [e.reference for e in asked], sources)
    rewrites = Row("rewrites (reference)", [e.messages[-1].content for e in asked], sources)
    base = bench.base("base")
    rows = [plain, rewrites, base, bench.base("base, prompted", tone.system)]
    seeds = {n: [bench.tuned(n, seed, "float32")[0] for seed in SEEDS] for n in SIZES}
    rows += [pooled(f"LoRA, n = {n}", found) for n, found in seeds.items()]
    head = ("", "conversational, %", "chat, %", "Flesch", "similarity", "loops, %", "loss")
    yield from table(head, [row.cells(chat) for row in rows])
    yield ""
    taken = paired_bootstrap(rewrites.close, plain.close)
    yield f"Similarity to the passage: rewrites lose {lost(taken)} against the plain answers."
    for n, found in seeds.items():
        both = pooled("", found)
        tuned = paired_bootstrap(both.close, base.close * len(SEEDS), both.sources)
        before = base.answers * len(SEEDS), base.close * len(SEEDS)
        met = zip(both.answers, both.close, *before, strict=True)
        straight = [(new, old) for a, new, b, old in met if not loops(a) and not loops(b)]
        apart = paired_bootstrap([new for new, _ in straight], [old for _, old in straight])
        yield (
            f"n = {n} loses {lost(tuned)} against the base, and {lost(apart)} over the "
            f"{len(straight)} of {len(both.answers)} pairs without a loop."
        )
    yield ""
    yield from curves(bench)


def lost(difference: Interval) -> str:
    """A difference turned round, with its bounds."""
    return f"{-difference.estimate:.3f} ({-difference.high:.3f} to {-difference.low:.3f})"


def curves(bench: Bench) -> Iterator[str]:
    """Loss and conversational rate over the steps of n = 100, by precision."""
    lines = []
    for precision in PRECISIONS:
        _, result = bench.tuned(100, 0, precision)
        for step in range(EVERY, STEPS + 1, EVERY):
            last = result.losses[step - 10 : step]
            rate = [is_conversational(a) for a in bench.at(step, f"100-0-{precision}").answers]
            share = percent(wilson(sum(rate), len(rate)))
            lines.append([precision, str(step), f"{sum(last) / len(last):.3f}", share])
    yield from table(("precision", "step", "loss, mean of ten", "conversational, %"), lines)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """A Markdown table."""
    for row in (head, ["---"] * len(head), *rows):
        yield f"| {' | '.join(row)} |"


def main() -> None:
    """Make what is missing and record the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", required=True, help="what `timbre articles add` takes")
    parser.add_argument("--dialogue", type=Path, nargs="+", required=True)
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    tone = load_tone(config_file("tones", "conversational"))
    found = material(asked.source, tone)
    config = replace(load_config(config_file("training", "mini")), steps=STEPS, save_every=EVERY)
    bench = Bench(asked.out, found, config)
    record("mini", list(tables(bench, tone, judge(found, asked.dialogue))))


if __name__ == "__main__":
    main()
