import pytest

from pipelines.wikipedia.wikitext.apostrophes import remove_emphasis


@pytest.mark.parametrize(
    ("wikitext", "expected"),
    [
        ("'''Port''' of ''Amity''", "Port of Amity"),
        ("'''''Port'' of''' Amity", "Port of Amity"),
        ("''Time'''s critic", "Time's critic"),
        (
            "''Time'''s critic, ''Eagle'''s too, the ''Post'''s also",
            "Time's critic, Eagle's too, the Post's also",
        ),
        ("'''Port''' and ''Time'''s critic", "Port and Time's critic"),
        ("dell'''armonium''", "dell'armonium"),
        ("L''''armonium''' o '''armonio'''", "L'armonium o armonio"),
        ("l'''Humanité'' et l'''Illustration''", "l'Humanité et l'Illustration"),
        ("d'''Arvernus'', '''fort'''", "d'Arvernus, fort"),
        ("un''foo'''bar'''baz''", "unfoobarbaz"),
        ("foo'''bar'''baz", "foobarbaz"),
        ("''''''six''''''", "'six'"),
        ("'''left open", "left open"),
        ("''left\nopen'' and ''closed''", "left\nopen and closed"),
        ("it's an 'apostrophe'", "it's an 'apostrophe'"),
    ],
)
def test_apostrophes_are_balanced_per_line(wikitext: str, expected: str) -> None:
    assert remove_emphasis(wikitext) == expected
