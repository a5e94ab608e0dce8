"""How fast and how truly Wikipedia's markup becomes passages, beside mwparserfromhell.

Reads the real dump fragment of the shared data (106 articles of 2016) and the plain text of the
same articles a year earlier. Run it as `python -m benchmarks.wikipedia`; `--copies` sets how often
the fragment is repeated for the measure of speed and memory, `--record` puts that into its page.
"""

import argparse
from pathlib import Path

from benchmarks.record import record
from benchmarks.wikipedia import speed, truth

DATA = Path(__file__).parents[3] / "shared" / "data"
FRAGMENT = (
    "wikidump-gensim-enwiki/enwiki-latest-pages-articles1.xml-p000000010p000030302-shortened.bz2"
)
REFERENCE = "wikipedia-enwiki-2015-sequential/enwiki2015_first.jsonl.xz"


def main() -> None:
    """Print the three tables: speed, truth, what differs and why."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--copies", type=int, default=40)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--record", action="store_true")
    options = parser.parse_args()
    # First, while little memory is in use.
    speeds = speed.table(DATA / FRAGMENT, options.copies, options.workers)
    if options.record:
        record("wikipedia", speeds)
    else:
        print("\n".join(speeds))
    truth.show(DATA / FRAGMENT, DATA / REFERENCE)


if __name__ == "__main__":
    main()
