"""Rate texts with the campaign's LLM judge, and compare its ratings with the reviewers' labels.

The judge can be any model that can be a teacher. The judge's replies are stored in a journal, so
that no reply is paid for twice. The judge's ratings are stored as measures.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from db.records import (
    Candidate,
    Comparison,
    Example,
    Measure,
    Output,
    Record,
    Rejection,
    Review,
    Role,
    digest,
)
from db.reviews import current_reviews
from db.store import Store
from evaluation import scorer_cards
from evaluation.arms import MeasuredArm
from evaluation.judge_cards import JudgeCard
from evaluation.rating import (
    CompletePrompts,
    Judge,
    Rubric,
    RubricCriterion,
    tone_rubric,
    trait_rubric,
)
from evaluation.scorer_cards import BlindVotes, ReviewerLabels
from pipelines.completions import complete_chats
from pipelines.plan import GenerationPlan, Resources
from pipelines.teachers.registry import identify_teacher
from pipelines.voices.persona import Persona
from pipelines.voices.tone import TonePhrases
from timbre.campaign import Campaign
from timbre.settings import Settings, teacher_key
from timbre.workflows.generate.plan import local_writer

_MAX_REPLY_TOKENS = 200


@dataclass(frozen=True)
class RatingCount:
    """The number of new ratings, and the number of replies that contain no rating."""

    new: int = 0
    unrated: int = 0


def judge_of(campaign: Campaign) -> Judge | None:
    """Return the campaign's judge, including its rubric, or None if the campaign has no judge."""
    plan = _judge_plan(campaign)
    if not plan.teacher:
        return None
    return Judge(plan.teacher, identify_teacher(plan, TonePhrases()).parameters, _rubric(campaign))


def ask_function(campaign: Campaign, settings: Settings) -> CompletePrompts:
    """Return a function that asks the campaign's judge, which may be a local model."""
    teacher = campaign.evaluate.judge
    kind, _, model = teacher.partition(":")
    plan = replace(
        _judge_plan(campaign),
        api_key=teacher_key(teacher),
        journal=settings.journals / f"{campaign.name}-judge.jsonl",
    )
    if kind == "transformers":
        plan = replace(plan, resources=Resources(writer=local_writer(model, plan)))
    return partial(complete_chats, plan=plan)


def rate(
    store: Store, campaign: Campaign, outputs: Sequence[Output], settings: Settings
) -> RatingCount | None:
    """Rate outputs and reviewed candidates with the judge, or return None if there is no judge.

    The judge rates at most `judged` of the reviewed candidates, always the same ones.

    Raises `TeacherError` if the judge can't be used. Ratings stored before the error are kept.
    """
    judge = judge_of(campaign)
    if judge is None:
        return None
    ask = ask_function(campaign, settings)
    examples = {e.id: e for e in store.stream(Example, id=tuple(o.prompt for o in outputs))}
    texts = {o.id: (_question(examples[o.prompt]), o.text) for o in outputs if o.prompt in examples}
    count = _rate_texts(store, campaign, judge, texts, ask)
    reviews = list(current_reviews(store, dataset=campaign.candidate_datasets))
    labels = reviewer_labels(store, campaign, reviews)
    known = sorted({id for each in labels.values() for id in each.subjects}, key=digest)
    chosen = store.stream(Candidate, id=tuple(known[: campaign.evaluate.judged]))
    texts = {c.id: (c.question, c.review_text) for c in chosen}
    candidates = _rate_texts(store, campaign, judge, texts, ask)
    return RatingCount(count.new + candidates.new, count.unrated + candidates.unrated)


def reviewer_labels(
    store: Store, campaign: Campaign, reviews: Sequence[Review]
) -> dict[str, ReviewerLabels]:
    """Return the labels that most reviewers gave candidates, for the tone or for each trait."""
    ids = tuple({review.subject for review in scorer_cards.submitted(reviews)})
    candidates, voice = store.stream(Candidate, id=ids), campaign.voice
    criterion = campaign.criterion
    if isinstance(voice, Persona):
        traits = criterion.traits if criterion else ()
        return scorer_cards.trait_labels(candidates, reviews, traits)
    name = criterion.feature.name if criterion else voice.name
    return {name: scorer_cards.tone_labels(candidates, reviews, voice.scale.middle)}


def candidate_cards(
    store: Store, campaign: Campaign, reviews: Sequence[Review]
) -> Iterator[JudgeCard]:
    """Create judge cards, which compare the campaign's criterion with the reviewers' labels."""
    labels = reviewer_labels(store, campaign, reviews)
    return scorer_cards.candidate_cards(labels, campaign.criterion)


def rating_cards(
    store: Store, campaign: Campaign, reviews: Sequence[Review]
) -> Iterator[JudgeCard]:
    """Create a judge card for each criterion that both the judge and reviewers have rated."""
    judge = judge_of(campaign)
    if judge is None:
        return
    labels = reviewer_labels(store, campaign, reviews)
    if not isinstance(campaign.voice, Persona):
        # Nobody labels the qualities of a rubric, so their cards say how well they predict the
        # tone.
        tone = next(iter(labels.values()))
        labels |= {quality.name: tone for quality in campaign.criteria.rubric}
    subjects = tuple({id for each in labels.values() for id in each.labels})
    ratings = store.stream(Measure, subject=subjects, source=judge.source)
    yield from scorer_cards.rating_cards(judge, labels, ratings)


def vote_cards(
    store: Store,
    votes: Sequence[Review],
    arms: Sequence[MeasuredArm],
    measures: Sequence[tuple[str, str]],
) -> Iterator[JudgeCard]:
    """Create judge cards, which show how well measures predict votes in blind comparisons.

    `measures` contains the name and the label of each measure.
    """
    comparisons = list(store.stream(Comparison, id=tuple({vote.subject for vote in votes})))
    sides = tuple({id for c in comparisons for id in (c.left, c.right)})
    outputs = {output.id: output for output in store.stream(Output, id=sides)}
    return scorer_cards.vote_cards(BlindVotes(votes, comparisons, outputs), arms, measures)


def _judge_plan(campaign: Campaign) -> GenerationPlan:
    return GenerationPlan(
        campaign=campaign.name,
        teacher=campaign.evaluate.judge,
        temperature=0.0,
        max_tokens=_MAX_REPLY_TOKENS,
        concurrency=campaign.generate.concurrency,
    )


def _rubric(campaign: Campaign) -> Rubric:
    voice = campaign.voice
    if isinstance(voice, Persona):
        rubric = trait_rubric([(t.name, t.description, t.shows, t.never) for t in voice.traits])
    else:
        anchors = {
            a.value: f"{a.label}. For example: {a.example}" if a.example else a.label
            for a in voice.scale.anchors
        }
        rubric = tone_rubric(voice.name, voice.description, anchors)
    qualities = tuple(
        RubricCriterion(
            quality.name,
            quality.description,
            (f"{rubric.low}: {quality.low}", f"{rubric.high}: {quality.high}"),
        )
        for quality in campaign.criteria.rubric
    )
    return replace(rubric, criteria=rubric.criteria + qualities)


def _question(example: Example) -> str:
    turns = [m.content for m in example.messages if m.role is Role.USER]
    return example.question or (turns[-1] if turns else "")


def _rate_texts(
    store: Store,
    campaign: Campaign,
    judge: Judge,
    texts: Mapping[str, tuple[str, str]],
    ask: CompletePrompts,
) -> RatingCount:
    """Rate the (question, text) pairs, keyed by record id, that the judge hasn't rated yet."""
    measures = store.stream(Measure, subject=tuple(texts), source=judge.source)
    rated = {measure.subject for measure in measures}
    pending = {subject: text for subject, text in texts.items() if subject not in rated}
    if not pending:
        return RatingCount()
    new = unrated = 0
    for subject, ratings in zip(pending, judge.rate(list(pending.values()), ask), strict=True):
        unrated += ratings is None
        new += store.add(_rating_records(campaign, judge, subject, ratings))
    return RatingCount(new, unrated)


def _rating_records(
    campaign: Campaign, judge: Judge, subject: str, ratings: Mapping[str, float] | None
) -> Iterable[Record]:
    """Convert the ratings in a reply to measures, or a reply without ratings to a rejection."""
    if ratings is None:
        yield Rejection(
            scope=campaign.name,
            stage="judge",
            subject=subject,
            reason="no rating",
            detail=judge.name,
        )
        return
    for name, value in ratings.items():
        yield Measure(subject=subject, name=name, source=judge.source, value=value)
