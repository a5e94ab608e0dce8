"""The speed and accuracy of turning wikitext into passages, compared with other extractors.

It reads the dumps in the shared data, above all a fragment of 106 articles of 2016, and another
extractor's plain text of the same articles from a year earlier. Run it as
`python -m benchmarks.wikipedia`, or with the names of some parts. The speed and the memory use were
required to stay within limits on two idle cores.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

from benchmarks.record import publish
from benchmarks.wikipedia import accuracy, dumps, speed

DATA = Path(__file__).parents[3] / "shared" / "data"
FRAGMENT = (
    "wikidump-gensim-enwiki/enwiki-latest-pages-articles1.xml-p000000010p000030302-shortened.bz2"
)
_PROCESS_COPIES = 8
REFERENCE = "wikipedia-enwiki-2015-sequential/enwiki2015_first.jsonl.xz"


def main() -> None:
    """Print the figures; `--record` writes them into the page, except those on accuracy."""
    parser = argparse.ArgumentParser(description=__doc__)
    # The speed comes first, while the process still uses little memory.
    parts = ["speed", "processes", "dumps", "accuracy"]
    parser.add_argument("parts", nargs="*", help=f"{', '.join(parts)} (default: all)")
    parser.add_argument("--copies", type=int, default=40)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--record", action="store_true")
    options = parser.parse_args()
    measures: dict[str, Callable[[], list[str]]] = {
        "speed": lambda: speed.measure(DATA / FRAGMENT, options.copies, options.workers),
        "processes": lambda: speed.compare_processes(
            DATA / FRAGMENT, _PROCESS_COPIES, options.repeats
        ),
        "dumps": lambda: dumps.audit(DATA),
    }
    for part in options.parts or parts:
        if part == "accuracy":
            accuracy.show(DATA / FRAGMENT, DATA / REFERENCE)
        elif part in measures:
            marks = "figures" if part == "speed" else part
            publish("wikipedia", measures[part](), options.record, marks)
        else:
            parser.error(f"“{part}” isn't one of {', '.join(parts)}.")


if __name__ == "__main__":
    main()
