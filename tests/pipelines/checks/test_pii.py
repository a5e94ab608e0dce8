import pytest

from pipelines.checks.pii import find_pii


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("write to jane.doe+x@mail.example.org", "e-mail address"),
        ("call +44 20 7946 0958 now", "phone number"),
        ("call (212) 555-0142 now", "phone number"),
        ("call 212-555-0142 now", "phone number"),
        ("from 8.8.4.4 it came", "IP address"),
        ("card 4111 1111 1111 1111", "card number"),
        ("pay to DE89 3704 0044 0532 0130 00", "bank account"),
        ("pay to GB82WEST12345698765432", "bank account"),
    ],
)
def test_personal_data_is_found(text: str, kind: str) -> None:
    assert [match.split(":")[0] for match in find_pii(text)] == [kind]


@pytest.mark.parametrize(
    "text",
    [
        "the seasons 1999–2000 and 2001-02, 41,500 pounds, 4:54.516 minutes",
        "ISBN 978-3-16-148410-0 and version 10.0.0.1 of 192.168.0.1",
        "the card 4111 1111 1111 1112 and DE89 3704 0044 0532 0130 01",
        "in 1867, 1868 and 1869 it had 5 to 10 trains, at 12.30 and 14.45",
        "an @ sign and a#b",
    ],
)
def test_ordinary_numbers_are_not_personal_data(text: str) -> None:
    assert find_pii(text) == []
