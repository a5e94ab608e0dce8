"""The speed and accuracy of turning wikitext into passages, compared with other extractors.

It reads the dump fragment in the shared data (106 articles of 2016) and another extractor's plain
text of the same articles from a year earlier. Run it as `python -m benchmarks.wikipedia`. The speed
is measured on `--copies` of the fragment; `--record` puts it into the benchmark's page.
"""

import argparse
from pathlib import Path

from benchmarks.record import publish
from benchmarks.wikipedia import accuracy, speed

DATA = Path(__file__).parents[3] / "shared" / "data"
FRAGMENT = (
    "wikidump-gensim-enwiki/enwiki-latest-pages-articles1.xml-p000000010p000030302-shortened.bz2"
)
_PROCESS_COPIES = 8
REFERENCE = "wikipedia-enwiki-2015-sequential/enwiki2015_first.jsonl.xz"


def main() -> None:
    """Print the tables of speed, accuracy, and differences by cause."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--copies", type=int, default=40)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--record", action="store_true")
    options = parser.parse_args()
    # The speed comes first, while the process still uses little memory.
    speeds = speed.measure(DATA / FRAGMENT, options.copies, options.workers)
    processes = speed.compare_processes(DATA / FRAGMENT, _PROCESS_COPIES, options.repeats)
    publish("wikipedia", [*speeds, "", *processes], options.record)
    accuracy.show(DATA / FRAGMENT, DATA / REFERENCE)


if __name__ == "__main__":
    main()
