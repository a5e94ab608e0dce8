"""The language of a text is recognised by its frequent words."""

import pytest

from pipelines.text.languages import recognise_language


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "A lighthouse keeper who collects buttons."),
        ("de", "Eine Leuchtturmwärterin, die Knöpfe sammelt."),
        ("fr", "Une gardienne de phare qui collectionne des boutons."),
        ("es", "Una farera que colecciona botones."),
        ("it", "Una guardiana del faro che raccoglie bottoni."),
        ("nl", "Een vuurtorenwachter die knopen verzamelt."),
        ("en", "brief and warm"),
        ("de", "kurz und klar"),
        ("en", "Xyzzy."),
        ("en", ""),
    ],
)
def test_language_is_recognised(language: str, text: str) -> None:
    assert recognise_language(text) == language
