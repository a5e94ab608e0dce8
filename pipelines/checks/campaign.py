"""The checks that a campaign's candidates must pass; the first failure counts."""

from db.records import Candidate
from pipelines.checks.check import Check, CheckInput, Failure
from pipelines.checks.copying import check_copying
from pipelines.checks.language import check_language
from pipelines.checks.length import check_length
from pipelines.checks.markdown import check_markdown
from pipelines.checks.near_duplicates import NearDuplicates
from pipelines.checks.pii import check_pii
from pipelines.checks.refusals import check_refusal
from pipelines.checks.relevance import check_relevance
from pipelines.checks.same_meaning import SameMeaning
from pipelines.checks.support import check_support
from pipelines.checks.traits import check_traits
from pipelines.checks.turns import check_turns
from pipelines.plan import Resources
from pipelines.voices.persona import Persona

GENERATED: tuple[Check, ...] = (
    check_turns,
    check_language,
    check_length,
    check_refusal,
    check_markdown,
    check_copying,
    check_support,
    check_relevance,
    check_traits,
    check_pii,
)
"""The checks for a text that a teacher wrote."""
IMPORTED: tuple[Check, ...] = (check_language, check_turns, check_pii)
"""The checks for a text that people wrote."""


class CampaignChecks:
    """The checks of one run; the last one compares a text with all texts that passed before."""

    def __init__(
        self,
        language: str = "en",
        persona: Persona | None = None,
        resources: Resources | None = None,
        checks: tuple[Check, ...] = GENERATED,
    ) -> None:
        """Load the existing texts of `resources`, which new ones must not repeat.

        With an embedder, statements are also compared by meaning. `persona` is None for a tone.
        """
        self._language, self._persona = language, persona
        resources = resources or Resources()
        indexes: list[NearDuplicates | SameMeaning] = [NearDuplicates()]
        if resources.embed:
            indexes.append(SameMeaning(resources.embed))
        for candidate in resources.existing:
            for index in indexes:
                index.remember(candidate)
        self._checks: tuple[Check, ...] = (*checks, *indexes)

    def run(self, candidate: Candidate, passage: str = "") -> Failure | None:
        """The first failure of a candidate, None if it passes every check."""
        item = CheckInput(candidate, passage, self._language, self._persona)
        return next(filter(None, (check(item) for check in self._checks)), None)
