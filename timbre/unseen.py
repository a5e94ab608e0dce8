"""Evaluation texts of which the base model has not been trained on the article."""

from collections.abc import Sequence

from db.records import Article, Example, Split
from db.store import Store
from trainer.mini.packaged import trained_on
from trainer.models import MINI

_WIKIPEDIA = "https://en.wikipedia.org/"
"""Whose page ids those of the mini's articles are."""

LEFT_OUT = "Held-out texts of articles that the base model itself was trained on are left out."


def unseen(store: Store, examples: Sequence[Example], base: str) -> list[Example]:
    """The examples without those of the test side whose article the base was trained on.

    What the packaged mini was trained on is known by its pages; of other models it is not known,
    and all of their examples stay.
    """
    if base != MINI:
        return list(examples)
    pages = trained_on()
    named = tuple({example.article for example in examples if example.article})
    seen = {
        article.id
        for article in store.stream(Article, id=named)
        if article.page in pages and article.url.startswith(_WIKIPEDIA)
    }
    return [e for e in examples if e.split is not Split.TEST or e.article not in seen]
