"""Passages and files that the tests of the pipelines share."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from db.records import Passage
from pipelines.voices.persona import Persona
from pipelines.voices.tone import OFFLINE_PROMPTS, Tone
from tests.pipelines.servers import Behaviour, Server
from tests.serving import serving
from timbre.campaign import load_persona, load_tone

CONFIGS = Path(__file__).parents[2] / "configs"

TEXTS = (
    "The Orrin Viaduct is a railway bridge in the north of the county. It was built in 1867 by the "
    "engineer Agnes Tulloch, and it carries two tracks across the valley of the Orrin. The viaduct "
    "has eleven arches, which are made of local sandstone. In 1931, the company strengthened the "
    "piers because heavier engines were introduced. The bridge was repaired again in 1988.",
    "Agnes Tulloch was a Scottish engineer who worked for three railway companies. She studied "
    "mathematics in Dundee and moved to Glasgow in 1859. She received a medal for her work on "
    "tunnels, but she did not attend the ceremony. Tulloch published four books about bridges.",
    "The common silverback is a small moth of the family Argidae. Adults fly from May to July and "
    "are found in damp meadows. The caterpillars feed on sedges, and they spend the winter in the "
    "stems. The moth was discovered in 1802 near Uppsala. It has become rare because many meadows "
    "were drained during the twentieth century.",
)


@pytest.fixture
def tone() -> Tone:
    """A tone with the prompts that ask every teacher for JSON, in three requests per row."""
    tone = load_tone(CONFIGS / "tones" / "conversational.toml")
    return replace(tone, prompts=OFFLINE_PROMPTS)


@pytest.fixture
def persona() -> Persona:
    return load_persona(CONFIGS / "personas" / "c-3po.toml")


@pytest.fixture
def passages() -> list[Passage]:
    return [
        Passage(article=f"article {n}", section="", position=0, text=text)
        for n, text in enumerate(TEXTS)
    ]


@pytest.fixture
def serve() -> Iterator[Callable[[Behaviour], Server]]:
    """Starts servers that are stopped at the end."""
    with ExitStack() as started:
        yield lambda behaviour: started.enter_context(serving(Server(behaviour)))
