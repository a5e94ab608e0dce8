"""What the offline teacher makes of real paragraphs: how much, how varied, how easy to read.

Run: `python -m benchmarks.phrasebook [ARTICLES.jsonl[.xz] 2000 conversational]`, with one article a
line whose `text` has its paragraphs between empty lines.
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
from evaluation.tone import flesch_reading_ease, is_conversational
from pipelines.conversations import conversations
from pipelines.plan import GenerationPlan
from pipelines.tone_file import load_tone
from pipelines.words import words

ARTICLES = "../shared/data/wikipedia-good-2019/enwiki_good_articles_1990.jsonl.xz"
TONES = Path(__file__).parents[1] / "configs" / "tones"


def passages(path: Path, count: int) -> list[Passage]:
    """Up to two paragraphs of each article, of 40 to 160 words, in a fixed random order."""
    choose = Random(1)  # noqa: S311 # no secret
    found = []
    with lzma.open(path, "rt") if path.suffix == ".xz" else path.open() as lines:
        for line in lines:
            article = json.loads(line)
            fitting = [p for p in article["text"].split("\n\n") if 40 <= len(p.split()) <= 160]
            for n, text in enumerate(choose.sample(fitting, min(2, len(fitting)))):
                found.append(Passage(article=article["id"], section="", position=n, text=text))
    choose.shuffle(found)
    return found[:count]


def runs(text: str) -> set[tuple[str, ...]]:
    """The runs of four words of a text, in small letters."""
    said = [word.lower() for word in words(text)]
    return set(zip(said, said[1:], said[2:], said[3:], strict=False))


def describe(made: list[Candidate | Rejection], texts: dict[str, str]) -> None:
    """Prints the figures."""
    kept = [record for record in made if isinstance(record, Candidate)]
    print("refused:", dict(Counter(r.reason for r in made if isinstance(r, Rejection))))
    told = [c.messages[-1].content for c in kept]
    plain = [c.reference for c in kept]
    easy, hard = ([flesch_reading_ease(text) for text in side] for side in (told, plain))
    rise = [after - before for after, before in zip(easy, hard, strict=True)]
    print(f"reading ease: plain {statistics.mean(hard):.1f}, retold {statistics.mean(easy):.1f}")
    print(f"rise: mean {statistics.mean(rise):.1f}, median {statistics.median(rise):.1f}")
    for name, side in (("plain", plain), ("retold", told)):
        print(f"conversational, {name}: {statistics.mean(map(is_conversational, side)):.1%}")
        print(f"words, {name}: {statistics.mean(len(words(text)) for text in side):.1f}")
    phrases: Counter[tuple[str, ...]] = Counter()
    for candidate, text in zip(kept, told, strict=True):
        source = f"{texts[candidate.passage or '']} {candidate.question}"
        phrases.update(runs(text) - runs(source))
    for phrase, count in phrases.most_common(5):
        print(f"in {count / len(kept):.1%} of the answers: “{' '.join(phrase)}”")


def main(path: str = ARTICLES, count: str = "2000", tone: str = "conversational") -> None:
    """Prints the figures for a file, a number of paragraphs and a shipped tone."""
    warnings.simplefilter("ignore")
    asked = passages(Path(path), int(count))
    started = time.perf_counter()
    made = list(conversations(asked, load_tone(TONES / f"{tone}.toml"), GenerationPlan("bench")))
    seconds = time.perf_counter() - started
    kept = sum(isinstance(record, Candidate) for record in made)
    print(
        f"{len(asked)} paragraphs in {seconds:.1f} s, {kept} conversations ({kept / len(made):.1%})"
    )
    describe(made, {passage.id: passage.text for passage in asked})


if __name__ == "__main__":
    main(*sys.argv[1:])
