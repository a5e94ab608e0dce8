"""How well LoRA on the mini base model learns a register from 10 to 300 rewrites, with three seeds.

    python -m benchmarks.mini --source DUMP --dialogue DIALOGUES… --out FOLDER

The offline teacher turns passages of articles that the mini wasn't trained on into conversations,
and the demo's two rule reviewers select the ones to use. Adapters trained on some of them answer 50
prompts about other articles, greedily and without a system prompt. “Conversational” is the
evaluation's rule. “Chat” is the probability that a classifier assigns; it is trained on human
dialogue and the source's own paragraphs, and has seen no rewrite. Answers are cached under --out.
The tables are recorded in docs/benchmarks/mini.md.
"""

import argparse
import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain, groupby
from pathlib import Path
from random import Random

from annotation.items import CandidateItem
from annotation.rule_reviewers import RULE_REVIEWERS, review_by_rule
from annotation.verdicts import DECISION
from benchmarks.record import record
from db.records import Answer, Article, Candidate, Example, Interval, Passage, Split
from evaluation.measures.content import loops, similarities
from evaluation.measures.tone import flesch_reading_ease, is_conversational
from evaluation.register import RegisterModel, fit, predict
from evaluation.statistics import mean_interval, paired_bootstrap, wilson
from pipelines.articles.intake import read_batches
from pipelines.conversations import generate_conversations
from pipelines.plan import GenerationPlan
from pipelines.voices.tone import Tone
from recipes.mini.corpus import read_dialogues
from timbre.campaign import load_tone, load_training
from trainer.answer import answer
from trainer.arms import Arm, Decoding
from trainer.config import PrecisionName, TrainingConfig
from trainer.embed import embed
from trainer.logprobs import example_logprobs
from trainer.models import mini
from trainer.models.adapter import METADATA
from trainer.sft import train
from trainer.training.checkpoints import ADAPTER, CHECKPOINTS
from trainer.training.results import TrainingResult

PROMPTS = 50
SIZES = (10, 30, 100, 300)
SEEDS = (0, 1, 2)
PRECISIONS: tuple[PrecisionName, ...] = ("float32", "int8", "nf4")
CURVE_INTERVAL = 40  # steps between two points of a curve
STEPS = 160
DECODING = Decoding(max_new_tokens=160, no_repeat=6)
CLASSIFIER_TEXTS = 1500  # per class


@dataclass(frozen=True)
class Material:
    """Conversations to train on, prompts about other articles, and the texts of all passages."""

    pool: list[Example]
    prompts: list[Example]
    passages: dict[str, str]

    @cached_property
    def sources(self) -> list[str]:
        """The passage of each prompt."""
        return [self.passages[example.passage or ""] for example in self.prompts]


def build_material(source: str, tone: Tone) -> Material:
    """Conversations about the source's articles, without those that the mini was trained on."""
    known, unseen, passages = mini.trained_on(), set[str](), list[Passage]()
    batches = read_batches(source, workers=1)
    for entry in chain.from_iterable(batch.records for batch in batches):
        if isinstance(entry, Article) and entry.page not in known:
            unseen.add(entry.id)
        elif isinstance(entry, Passage) and entry.article in unseen:
            passages.append(entry)
    passages.sort(key=lambda passage: (passage.position, passage.id))
    results = generate_conversations(passages[:1500], tone, GenerationPlan("mini", seed=1))
    by_id = {passage.id: passage for passage in passages}

    def passage_of(candidate: Candidate) -> Passage:
        return by_id[candidate.passage or ""]

    candidates = [c for c in results if isinstance(c, Candidate) and is_approved(c, passage_of(c))]
    candidates.sort(key=lambda c: (passage_of(c).article, c.id))
    pool, prompts = list[Example](), list[Example]()
    for _, group in groupby(candidates, key=lambda c: passage_of(c).article):
        if len(prompts) < PROMPTS:
            prompts.extend(to_example(c, Split.TEST) for c in group)
        else:
            pool.extend(to_example(c, Split.TRAIN) for c in group)
    Random(0).shuffle(pool)  # noqa: S311 - the order isn't a secret
    return Material(pool, prompts[:PROMPTS], {p.id: p.text for p in passages})


def is_approved(candidate: Candidate, passage: Passage) -> bool:
    """Whether both rule reviewers of the demo approve a candidate."""
    item = CandidateItem(candidate, passage, None)
    reviews = [review_by_rule(item, rule) for rule in RULE_REVIEWERS]
    return all(Answer(DECISION, "approve") in review.answers for review in reviews)


def to_example(candidate: Candidate, split: Split) -> Example:
    """An unedited conversation without a verdict. This benchmark measures learning, not review."""
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
    """A row of the table: the answers to the prompts, for one or several seeds."""

    name: str
    answers: list[str]
    sources: list[str]
    loss: float | None = None

    @cached_property
    def similarity(self) -> list[float]:
        """The similarity of each answer to its passage."""
        return similarities(embed(self.answers), embed(self.sources))

    def cells(self, classifier: RegisterModel) -> list[str]:
        """The figures of the row, with 95 % intervals for the shares."""
        rate = wilson(sum(map(is_conversational, self.answers)), len(self.answers))
        chat = mean_interval(predict(classifier, self.answers))
        ease = mean_interval([flesch_reading_ease(a) for a in self.answers if a.split()])
        looping = wilson(sum(map(loops, self.answers)), len(self.answers))
        similarity = mean_interval(self.similarity)
        loss = "" if self.loss is None else f"{self.loss:.3f}"
        shares = (percent(rate), percent(chat), f"{ease.estimate:.0f}")
        return [self.name, *shares, f"{similarity.estimate:.3f}", percent(looping), loss]


def percent(interval: Interval) -> str:
    """A share with its interval, in per cent."""
    estimate, low, high = (100 * v for v in (interval.estimate, interval.low, interval.high))
    return f"{estimate:.0f} ({low:.0f} to {high:.0f})"


def fit_classifier(material: Material, dialogues: Sequence[Path]) -> RegisterModel:
    """A classifier of human dialogue (three turns per text) against paragraphs of no prompt."""
    dialogue = [" ".join(turns[:3]) for turns in read_dialogues(dialogues) if len(turns) > 2]
    dialogue = dialogue[:CLASSIFIER_TEXTS]
    sources = set(material.sources)
    prose = [text for text in material.passages.values() if text not in sources][:CLASSIFIER_TEXTS]
    labels = [True] * len(dialogue) + [False] * len(prose)
    return fit(dialogue + prose, labels, "human dialogue and the source's paragraphs")


@dataclass(frozen=True)
class Bench:
    """The trainings and answers of this benchmark, cached in a folder."""

    folder: Path
    material: Material
    config: TrainingConfig

    def base(self, name: str, system: str = "") -> Row:
        """The base model's answers."""
        arm = Arm(name, self.config.base, system=system)
        loss = None if system else self.loss(name, arm)
        return Row(name, self.answers(name, arm), self.material.sources, loss)

    def tuned(self, size: int, seed: int, precision: PrecisionName) -> tuple[Row, TrainingResult]:
        """An adapter's answers and the result of its training. Every checkpoint is copied."""
        name = f"{size}-{seed}-{precision}"
        folder = self.folder / name
        config = replace(self.config, seed=seed, precision=precision)
        examples = Random(seed).sample(self.material.pool, size)  # noqa: S311 - as above

        def copy_checkpoint(step: int, _: int, __: float) -> None:
            for checkpoint in folder.glob(f"{CHECKPOINTS}/*-{step - 1}"):
                shutil.copytree(checkpoint, folder / f"at-{step - 1}", dirs_exist_ok=True)

        result = train(examples, config, folder, copy_checkpoint, resume=True)
        for checkpoint in folder.glob("at-*"):
            shutil.copy(folder / ADAPTER / METADATA, checkpoint)
        arm = Arm(name, config.base, adapter=result.adapter)
        row = Row(name, self.answers(name, arm), self.material.sources, self.loss(name, arm))
        return row, result

    def at(self, step: int, name: str) -> Row:
        """The answers of an adapter after some of its steps."""
        checkpoint = ADAPTER if step == STEPS else f"at-{step}"
        arm = Arm(name, self.config.base, adapter=self.folder / name / checkpoint)
        answers = self.answers(name if step == STEPS else f"{name}-at-{step}", arm)
        return Row(f"{step}", answers, self.material.sources)

    def answers(self, name: str, arm: Arm) -> list[str]:
        """The arm's answers in the order of the prompts, from the cache if possible."""
        path = self.folder / f"{name}.answers.json"
        if not path.exists():
            outputs = {o.prompt: o.text for o in answer(self.material.prompts, arm, DECODING)}
            path.write_text(json.dumps(outputs))
        answers = json.loads(path.read_text())
        return [answers[prompt.id] for prompt in self.material.prompts]

    def loss(self, name: str, arm: Arm) -> float:
        """The loss on the held-out rewrites in nats per token, from the cache if possible."""
        path = self.folder / f"{name}.loss.json"
        if not path.exists():
            losses = [s.loss for s in example_logprobs(self.material.prompts, arm)]
            path.write_text(json.dumps(sum(losses) / len(losses)))
        return float(json.loads(path.read_text()))


def pool_seeds(name: str, rows: Sequence[Row]) -> Row:
    """The answers of several seeds as one row."""
    mean = sum(row.loss or 0 for row in rows) / len(rows)
    answers = [a for row in rows for a in row.answers]
    return Row(name, answers, [s for row in rows for s in row.sources], mean)


def tables(bench: Bench, tone: Tone, classifier: RegisterModel) -> Iterator[str]:
    """The register by training size, the loss of content, and the curves by precision."""
    prompts, sources = bench.material.prompts, bench.material.sources
    plain = Row("plain answers (reference)", [e.reference for e in prompts], sources)
    rewrites = Row("rewrites (reference)", [e.messages[-1].content for e in prompts], sources)
    base = bench.base("base")
    rows = [plain, rewrites, base, bench.base("base, prompted", tone.system)]
    seeds = {n: [bench.tuned(n, seed, "float32")[0] for seed in SEEDS] for n in SIZES}
    rows += [pool_seeds(f"LoRA, n = {n}", tuned) for n, tuned in seeds.items()]
    headings = ("", "conversational, %", "chat, %", "Flesch", "similarity", "loops, %", "loss")
    yield from table(headings, [row.cells(classifier) for row in rows])
    yield ""
    rewriting = paired_bootstrap(rewrites.similarity, plain.similarity)
    yield f"Similarity to the passage: rewrites lose {loss_of(rewriting)} against plain answers."
    for n, tuned in seeds.items():
        pooled = pool_seeds("", tuned)
        base_similarity = base.similarity * len(SEEDS)
        overall = paired_bootstrap(pooled.similarity, base_similarity, pooled.sources)
        answers = zip(pooled.answers, base.answers * len(SEEDS), strict=True)
        has_loop = [loops(answer) or loops(base_answer) for answer, base_answer in answers]
        pairs = zip(has_loop, pooled.similarity, base_similarity, strict=True)
        loop_free = [(new, old) for is_loop, new, old in pairs if not is_loop]
        without = paired_bootstrap([new for new, _ in loop_free], [old for _, old in loop_free])
        yield (
            f"n = {n} loses {loss_of(overall)} against the base, and {loss_of(without)} over the "
            f"{len(loop_free)} of {len(pooled.answers)} pairs without a loop."
        )
    yield ""
    yield from curves(bench)


def loss_of(difference: Interval) -> str:
    """A difference with the opposite sign, with its interval."""
    return f"{-difference.estimate:.3f} ({-difference.high:.3f} to {-difference.low:.3f})"


def curves(bench: Bench) -> Iterator[str]:
    """The loss and the conversational share over the steps of n = 100, by precision."""
    lines = []
    for precision in PRECISIONS:
        _, result = bench.tuned(100, 0, precision)
        for step in range(CURVE_INTERVAL, STEPS + 1, CURVE_INTERVAL):
            last = result.losses[step - 10 : step]
            answers = bench.at(step, f"100-0-{precision}").answers
            share = percent(wilson(sum(map(is_conversational, answers)), len(answers)))
            lines.append([precision, str(step), f"{sum(last) / len(last):.3f}", share])
    yield from table(("precision", "step", "loss, mean of ten", "conversational, %"), lines)


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """A Markdown table."""
    for row in (headings, ["---"] * len(headings), *rows):
        yield f"| {' | '.join(row)} |"


def main() -> None:
    """Train and answer what isn't cached, and record the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--source",
        required=True,
        help="article source, in any form that `timbre articles add` accepts",
    )
    parser.add_argument("--dialogue", type=Path, nargs="+", required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    tone = load_tone("conversational")
    material = build_material(options.source, tone)
    config = load_training("mini").config
    config = replace(config, steps=STEPS, save_every=CURVE_INTERVAL)
    bench = Bench(options.out, material, config)
    record("mini", list(tables(bench, tone, fit_classifier(material, options.dialogue))))


if __name__ == "__main__":
    main()
