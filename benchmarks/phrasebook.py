"""The yield, variety and reading ease of the offline teacher's answers to real paragraphs.

Run: `python -m benchmarks.phrasebook [ARTICLES.jsonl[.xz] 2000 conversational]`. The file has one
article per line, with empty lines between the paragraphs of its `text`.
"""

import json
import lzma
import statistics
import sys
import time
import warnings
from collections import Counter
from pathlib import Path
from random import Random

from db.records import Candidate, Passage, Rejection
from evaluation.measures.tone import flesch_reading_ease, is_conversational
from pipelines.conversations import generate_conversations
from pipelines.plan import GenerationPlan
from pipelines.text.words import split_words
from timbre.campaign import load_tone

ARTICLES = "../shared/data/wikipedia-good-2019/enwiki_good_articles_1990.jsonl.xz"


def read_passages(path: Path, count: int) -> list[Passage]:
    """Up to two paragraphs of 40 to 160 words from each article, shuffled with a fixed seed."""
    rng = Random(1)  # noqa: S311 - the order isn't a secret
    passages = []
    with lzma.open(path, "rt") if path.suffix == ".xz" else path.open() as lines:
        for line in lines:
            article = json.loads(line)
            fitting = [p for p in article["text"].split("\n\n") if 40 <= len(p.split()) <= 160]
            for n, text in enumerate(rng.sample(fitting, min(2, len(fitting)))):
                passages.append(Passage(article=article["id"], section="", position=n, text=text))
    rng.shuffle(passages)
    return passages[:count]


def four_grams(text: str) -> set[tuple[str, ...]]:
    """The runs of four words of a text, in lower case."""
    words = [word.lower() for word in split_words(text)]
    return set(zip(words, words[1:], words[2:], words[3:], strict=False))


def describe(records: list[Candidate | Rejection], texts: dict[str, str]) -> None:
    """Print the figures."""
    candidates = [record for record in records if isinstance(record, Candidate)]
    print("rejected:", dict(Counter(r.reason for r in records if isinstance(r, Rejection))))
    rewrites = [c.messages[-1].content for c in candidates]
    plain = [c.reference for c in candidates]
    easy, hard = ([flesch_reading_ease(text) for text in group] for group in (rewrites, plain))
    rise = [after - before for after, before in zip(easy, hard, strict=True)]
    print(f"reading ease: plain {statistics.mean(hard):.1f}, rewritten {statistics.mean(easy):.1f}")
    print(f"rise: mean {statistics.mean(rise):.1f}, median {statistics.median(rise):.1f}")
    for name, group in (("plain", plain), ("rewritten", rewrites)):
        print(f"conversational, {name}: {statistics.mean(map(is_conversational, group)):.1%}")
        print(f"words, {name}: {statistics.mean(len(split_words(text)) for text in group):.1f}")
    phrases: Counter[tuple[str, ...]] = Counter()
    for candidate, text in zip(candidates, rewrites, strict=True):
        source = f"{texts[candidate.passage or '']} {candidate.question}"
        phrases.update(four_grams(text) - four_grams(source))
    for phrase, count in phrases.most_common(5):
        print(f"in {count / len(candidates):.1%} of the answers: “{' '.join(phrase)}”")


def main(path: str = ARTICLES, count: str = "2000", tone: str = "conversational") -> None:
    """Print the figures for a file, a number of paragraphs and a bundled tone."""
    warnings.simplefilter("ignore")
    passages = read_passages(Path(path), int(count))
    loaded_tone = load_tone(tone)
    start = time.perf_counter()
    records = list(generate_conversations(passages, loaded_tone, GenerationPlan("bench")))
    seconds = time.perf_counter() - start
    candidates = sum(isinstance(record, Candidate) for record in records)
    share = candidates / len(records)
    print(f"{len(passages)} paragraphs in {seconds:.1f} s")
    print(f"{candidates} conversations ({share:.1%})")
    describe(records, {passage.id: passage.text for passage in passages})


if __name__ == "__main__":
    main(*sys.argv[1:])
