"""A campaign's judge, where it names one: outputs and reviewed candidates rated, and its card.

The judge is any teacher of the pipelines. What it replied is kept in a journal of its own, so that
nothing is asked or paid for twice; what it rated is a measure beside the others.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from annotation.items import judged_text
from db.records import (
    Candidate,
    Example,
    Measure,
    Output,
    Record,
    Rejection,
    Review,
    Role,
    digest,
)
from db.store import Store
from evaluation.judges import JudgeCard, Judged, judge_card
from evaluation.rating import Ask, Judge, Rubric, measure_of, tone_rubric, trait_rubric
from pipelines.asked import replies
from pipelines.persona_file import load_persona
from pipelines.plan import GenerationPlan, Lent
from pipelines.teachers.named import parameters
from pipelines.tone_file import TonePhrases, load_tone
from timbre.aims import Subject, subject_of
from timbre.campaign import Campaign
from timbre.judging import FEWEST, labelled
from timbre.settings import Settings, config_file, teacher_key

_LONGEST_REPLY = 200


@dataclass(frozen=True)
class Rated:
    """What came of rating: new values, and texts whose reply held no rating."""

    new: int = 0
    unrated: int = 0


def judge_of(campaign: Campaign) -> Judge | None:
    """The campaign's judge with the rubric of its tone or persona, None where it names none."""
    plan = _plan(campaign)
    if not plan.teacher:
        return None
    return Judge(plan.teacher, parameters(plan, TonePhrases()), _rubric(campaign))


def _plan(campaign: Campaign) -> GenerationPlan:
    return GenerationPlan(
        campaign=campaign.name,
        teacher=campaign.evaluate.judge,
        temperature=0.0,
        max_tokens=_LONGEST_REPLY,
        concurrency=campaign.generate.concurrency,
    )


def _rubric(campaign: Campaign) -> Rubric:
    if campaign.persona:
        persona = load_persona(config_file("personas", campaign.persona))
        return trait_rubric([(t.name, t.description, t.shows, t.never) for t in persona.traits])
    tone = load_tone(config_file("tones", campaign.tone))
    anchors = {a.value: f"{a.label}. For example: {a.example}" for a in tone.scale.anchors}
    return tone_rubric(tone.name, tone.description, anchors)


def asking(campaign: Campaign, settings: Settings) -> Ask:
    """How the campaign's judge is asked: its key, its journal, and a model of this machine."""
    teacher = campaign.evaluate.judge
    kind, _, model = teacher.partition(":")
    plan = replace(
        _plan(campaign),
        api_key=teacher_key(teacher),
        journal=settings.journals / f"{campaign.name}-judge.jsonl",
    )
    if kind == "transformers":
        from timbre.lending import writer  # needs torch, which takes seconds to import

        plan = replace(plan, lent=Lent(writer=writer(model, plan)))
    return partial(replies, plan=plan)


def rate_outputs(store: Store, campaign: Campaign, outputs: Sequence[Output], ask: Ask) -> Rated:
    """Have the campaign's judge rate the outputs that it has not rated."""
    examples = {e.id: e for e in store.stream(Example, id=tuple(o.prompt for o in outputs))}
    asked = {o.id: (_question(examples[o.prompt]), o.text) for o in outputs if o.prompt in examples}
    return _rate(store, campaign, asked, ask)


def rate_candidates(store: Store, campaign: Campaign, subject: Subject, ask: Ask) -> Rated:
    """Have the judge rate candidates that reviewers labelled, which is how its card is made.

    At most `judged` of them, the same ones each time.
    """
    labels = labelled(store, list(_reviews(store, campaign)), subject)
    known = sorted(
        {s for said in labels.values() for s in said.labels if s in said.texts}, key=digest
    )
    chosen = tuple(known[: campaign.evaluate.judged])
    asked = {c.id: (c.question, judged_text(c)) for c in store.stream(Candidate, id=chosen)}
    return _rate(store, campaign, asked, ask)


def _question(example: Example) -> str:
    turns = [m.content for m in example.messages if m.role is Role.USER]
    return example.question or (turns[-1] if turns else "")


def _reviews(store: Store, campaign: Campaign) -> Iterator[Review]:
    yield from store.current_reviews(dataset=campaign.judged_datasets)


def _rate(
    store: Store, campaign: Campaign, asked: Mapping[str, tuple[str, str]], ask: Ask
) -> Rated:
    """Rate texts by the id of their record; a reply without ratings is a refusal."""
    judge = judge_of(campaign)
    if judge is None:
        return Rated()
    there = {m.subject for m in store.stream(Measure, subject=tuple(asked), source=judge.source)}
    fresh = {subject: text for subject, text in asked.items() if subject not in there}
    if not fresh:
        return Rated()
    new = unrated = 0
    for subject, found in zip(fresh, judge.rate(list(fresh.values()), ask), strict=True):
        unrated += found is None
        new += store.add(_records(campaign, judge, subject, found))
    return Rated(new, unrated)


def _records(
    campaign: Campaign, judge: Judge, subject: str, found: Mapping[str, float] | None
) -> Iterable[Record]:
    if found is None:
        return [Rejection(scope=campaign.name, stage="judge", subject=subject,
                        reason="no rating", detail=judge.name)]  # fmt: skip
    return [
        Measure(subject=subject, name=n, source=judge.source, value=v) for n, v in found.items()
    ]


def rating_cards(
    store: Store, campaign: Campaign, reviews: Sequence[Review], subject: Subject
) -> Iterator[JudgeCard]:
    """A card of the judge for each criterion, from what it rated of what reviewers labelled."""
    judge = judge_of(campaign)
    if judge is None:
        return
    for criterion, said in labelled(store, reviews, subject).items():
        name = measure_of(criterion)
        rated = store.stream(Measure, subject=tuple(said.labels), name=name, source=judge.source)
        values = {measure.subject: measure.value for measure in rated}
        if len(values) < FEWEST:
            continue
        judged = Judged(
            [value > judge.rubric.middle for value in values.values()],
            [said.labels[subject] for subject in values],
            list(values.values()),
        )
        title = f"{judge.name} on “{criterion}”"
        yield judge_card(title, judged, said.by, definition=judge.definition)


def rate_all(
    store: Store, campaign: Campaign, outputs: Sequence[Output], settings: Settings
) -> Rated | None:
    """Outputs and reviewed candidates rated by the campaign's judge; None where it names none.

    Raises `TeacherError` if the judge cannot be asked; what it rated before is kept.
    """
    if not campaign.evaluate.judge:
        return None
    ask = asking(campaign, settings)
    answered = rate_outputs(store, campaign, outputs, ask)
    reviewed = rate_candidates(store, campaign, subject_of(campaign), ask)
    return Rated(answered.new + reviewed.new, answered.unrated + reviewed.unrated)
