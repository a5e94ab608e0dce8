"""Whether a model judges tone as the hand labels do, with each rubric prompt.

Run: `python -m benchmarks.judge --teacher NAME [--journal FILE] [--record]`. The labels are the
rewrites of `rewrites.jsonl` that say whether they are in the tone.
"""

import argparse
import json
import warnings
from pathlib import Path

from benchmarks.record import publish
from benchmarks.rewrite_checks import REWRITES
from evaluation.judge_cards import JudgeCard, Predictions, judge_card
from evaluation.rating import Judge, Rubric, example_rubric, tone_rubric
from pipelines.completions import complete_chats
from pipelines.plan import GenerationPlan
from timbre.campaign import load_tone

_LABELS_BY = "one reader, for this project"


def rubrics() -> dict[str, Rubric]:
    """The rubric of the tone with each version of the prompt."""
    tone = load_tone("conversational")
    anchors = tone.scale.anchors
    with_examples = {a.value: f"{a.label}. For example: {a.example}" for a in anchors}
    labels = {a.value: a.label for a in anchors}
    first = tone_rubric(tone.name, tone.description, with_examples)
    second = tone_rubric(tone.name, tone.description, labels)
    return {
        "rating.v1": first,
        "rating.v2": example_rubric(second, {a.value: a.example for a in anchors}),
    }


def measure(rubric: Rubric, plan: GenerationPlan, texts: dict[str, bool]) -> JudgeCard:
    """The card of a judge; a text without a rating counts as outside the tone."""
    judge = Judge(plan.teacher, "{}", rubric)
    ratings = judge.rate([("", text) for text in texts], lambda p: complete_chats(p, plan))
    scores = [next(iter((rating or {"": 0.0}).values())) for rating in ratings]
    predicted = [score > rubric.middle for score in scores]
    return judge_card(
        plan.teacher, Predictions(predicted, list(texts.values()), scores), _LABELS_BY
    )


def main() -> None:
    """Print or record the table."""
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser()
    parser.add_argument("--teacher", required=True)
    parser.add_argument("--journal", type=Path, default=Path(".timbre/benchmarks/judge.jsonl"))
    parser.add_argument("--record", action="store_true")
    options = parser.parse_args()
    rows = map(json.loads, REWRITES.read_text(encoding="utf-8").splitlines())
    texts = {row["answer"]: row["tone"] for row in rows if "tone" in row}
    plan = GenerationPlan(
        "judge", teacher=options.teacher, temperature=0.0, max_tokens=60, concurrency=4,
        journal=options.journal,
    )  # fmt: skip
    lines = [
        f"{len(texts)} texts, {sum(texts.values())} of them in the tone:",
        "",
        "| rubric | accuracy | kappa (95 %) | AUC | one label for nearly all |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, rubric in rubrics().items():
        card = measure(rubric, plan, texts)
        auc = "" if card.auc is None else f"{card.auc:.2f}"
        is_saturated = "yes" if card.saturated else "no"
        accuracy = f"{card.accuracy.estimate:.0%}"
        lines.append(f"| {name} | {accuracy} | {card.kappa_text} | {auc} | {is_saturated} |")
    publish("judge", lines, options.record)


if __name__ == "__main__":
    main()
