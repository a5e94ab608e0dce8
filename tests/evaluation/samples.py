"""The answers of a small campaign, and their report."""

from dataclasses import replace
from functools import cache

from db.records import Answer, Article, Gate, Interval, Review, ReviewerKind, ReviewStatus, Version
from evaluation.arms import MeasuredArm, MeasuredOutput, compare_arms, reading_ease_sweep, summarise
from evaluation.measures.content import content_measures
from evaluation.measures.tone import conversational, tone_measures
from evaluation.pages.figures import LossPoint
from evaluation.pages.indicators import headline
from evaluation.pages.report import (
    AgreementRow,
    LineageStep,
    ReportData,
    Reviewer,
    Setting,
    SideBySide,
    VersionFacts,
)
from evaluation.preferences import Preferences, Sides, read_votes, summarise_votes
from evaluation.verdict import Evidence, verdict

SUBJECTS = ("tower", "bridge", "canal", "harbour", "library", "market", "mill", "station")
PLAIN = "The {0} was built in 18{1}2 by the engineer Ada Brandt. It is {1}40 metres long."
TALK = (
    "Sure! It's the {0}, and you know what? Ada Brandt built it in 18{1}2. It's {1}40 metres long."
)
MIXED = "The {0} was built in 18{1}2. It is regarded as significant, you know."
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>{{ 7 * 7 }}</style></svg>"


def answers(template: str) -> list[str]:
    return [template.format(subject, place + 1) for place, subject in enumerate(SUBJECTS)]


def scored(template: str, similarity: float) -> tuple[MeasuredOutput, ...]:
    """Outputs to the same eight prompts, from four articles."""
    rows = []
    for place, (text, plain) in enumerate(zip(answers(template), answers(PLAIN), strict=True)):
        tone = tone_measures(text)
        measures = tone | {"conversational": float(conversational(tone))}
        measures |= content_measures(text, plain, plain, similarity - 0.01 * place)
        rows.append(MeasuredOutput(f"prompt-{place}", measures, f"article-{place // 2}", 0.4, 24))
    return tuple(rows)


def arms() -> tuple[MeasuredArm, ...]:
    return (
        MeasuredArm("base", "Base model", "mini, no system prompt", scored(PLAIN, 0.95)),
        MeasuredArm("prompted", "Base with system prompt", "“Talk naturally.”", scored(MIXED, 0.9)),
        MeasuredArm("tuned", "Fine-tuned", "mini with the adapter of run 7f3a", scored(TALK, 0.92)),
    )


def review(subject: str, choice: str, reviewer: str) -> Review:
    return Review(
        subject=subject,
        reviewer=reviewer,
        reviewer_kind=ReviewerKind.RULE,
        status=ReviewStatus.SUBMITTED,
        answers=(Answer("preference", choice),),
    )


@cache
def sample_preferences() -> Preferences:
    others = ("base", "prompted")
    sides = {
        f"c{i}": Sides("tuned", others[i // 2 % 2]) if i % 2 else Sides(others[i // 2 % 2], "tuned")
        for i in range(16)
    }
    sides |= {"d0": Sides("base", "prompted"), "d1": Sides("prompted", "base")}
    favoured = {c: "left" if s.left == "tuned" else "right" for c, s in sides.items()}
    reviews = [review(c, "tie" if c in ("c3", "d0") else favoured[c], "brisk") for c in sides]
    reviews += [review(c, "left" if c == "c4" else favoured[c], "careful") for c in sides]
    found = summarise_votes(read_votes(reviews, sides))
    assert found is not None
    return found


@cache
def sample_report() -> ReportData:
    tried = arms()
    summaries = tuple(summarise(arm) for arm in tried)
    found = compare_arms(tried, [("tuned", "prompted"), ("tuned", "base"), ("prompted", "base")])
    cast = sample_preferences()
    return ReportData(
        campaign="demo-tone",
        subject="the tone “conversational”",
        verdict=verdict(Evidence(summaries[2], summaries[1], found, cast)),
        headline=headline(Evidence(summaries[2], summaries[0], found, cast), summaries[1]),
        written_at="2026-01-05T10:00:00Z",
        version=sample_version(),
        agreement=(
            AgreementRow(
                "decision", "all reviewers", "Krippendorff’s alpha", 40, Interval(0.3, 0.5, 0.7)
            ),
            AgreementRow("tone", "brisk and careful", "weighted kappa", 40, None),
        ),
        arms=summaries,
        differences=found,
        sweep=reading_ease_sweep(tried),
        floor=Interval(0.1, 0.2, 0.3),
        ceiling=Interval(0.85, 0.88, 0.9),
        preferences=cast,
        losses=tuple(
            LossPoint(
                step, 2.5 / (1 + step / 20), 2.6 / (1 + step / 25) if step % 20 == 0 else None
            )
            for step in range(0, 101, 5)
        ),
        training=(Setting("Base model", "mini"), Setting("Precision", "float32 on the CPU")),
        examples=sample_examples(tried),
        lineage=(
            LineageStep("Output", "0" * 64, "Sure! It's the tower."),
            LineageStep("Run", "1" * 64, "mini, 100 steps", depth=1),
            LineageStep("Article", "2" * 64, "Tower", "https://example.org/wiki/Tower", 2),
        ),
        configuration=(Setting("configs/training/mini.toml", "lora_rank = 16\nseed = 0"),),
    )


def sample_version() -> VersionFacts:
    gates = (
        Gate("minimum approved", True, "31 approved records", "at least 10", "review more"),
        Gate("no PII", False, "1 e-mail address", "none", "reject the candidate"),
    )
    version = Version(
        root="ab" * 32,
        name="first",
        campaign="demo-tone",
        train=22,
        validation=3,
        test=8,
        reviewer_kinds=("rule",),
        gates=gates,
        override="the address is made up",
    )
    reviewers = (
        Reviewer("brisk", ReviewerKind.RULE, 40, "Approves what is short and has a contraction."),
        Reviewer("careful", ReviewerKind.RULE, 40, "Approves what keeps every figure."),
    )
    return VersionFacts(version, 4, reviewers, approved=31, rejected=6, tied=3)


def sample_examples(arms: tuple[MeasuredArm, ...]) -> tuple[SideBySide, ...]:
    names = [arm.name for arm in arms]
    examples = []
    for place, subject in enumerate(SUBJECTS[:2], 1):
        texts = [template.format(subject, place) for template in (PLAIN, MIXED, TALK)]
        examples.append(
            SideBySide(
                question=f"What is known of the {subject}?",
                answers=dict(zip(names, texts, strict=True)),
                passage=f"{texts[0]} A second one was never finished.",
                reference=texts[0],
                source=article(subject.capitalize(), f"https://example.org/wiki/{subject}", "123"),
            )
        )
    return tuple(examples)


def article(title: str, url: str, revision: str, licence: str = "CC BY-SA 4.0") -> Article:
    return Article(url=url, revision=revision, digest="", title=title, licence=licence)


def hostile_report() -> ReportData:
    data = sample_report()
    arms = tuple(replace(arm, label=f"{HOSTILE}{i}\x00\ud800") for i, arm in enumerate(data.arms))
    example = SideBySide(
        question=HOSTILE,
        answers={arm.name: f"{HOSTILE}\u202eevil\x07" * 3 for arm in arms},
        passage="w" * 5_000,
        reference="שלום <b>עולם</b>",
        source=article(HOSTILE, "javascript:alert(3)", HOSTILE, HOSTILE),
    )
    return replace(
        data,
        campaign=HOSTILE,
        verdict=HOSTILE,
        arms=arms,
        examples=(example,),
        lineage=(LineageStep("Article", "a" * 64, HOSTILE, "javascript:alert(4)"),),
        configuration=(Setting(HOSTILE, HOSTILE),),
    )
