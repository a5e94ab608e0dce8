"""Run the checks that a campaign's candidates must pass, and stop at the first failure."""

from db.records import Candidate
from pipelines.checks.check import Check, CheckInput, Failure
from pipelines.checks.copying import check_copying
from pipelines.checks.invention import check_invention
from pipelines.checks.language import check_language
from pipelines.checks.length import check_length
from pipelines.checks.near_duplicates import NearDuplicates
from pipelines.checks.pii import check_pii
from pipelines.checks.relevance import check_relevance
from pipelines.checks.rules import check_rules
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
    check_rules,
    check_copying,
    check_support,
    check_invention,
    check_relevance,
    check_traits,
    check_pii,
)
"""The checks for texts written by a teacher."""
IMPORTED: tuple[Check, ...] = (check_language, check_turns, check_pii)
"""The checks for texts written by people."""


class CampaignChecks:
    """The checks that the candidates of one generation run must pass.

    The last checks compare each text with all texts that passed earlier.
    """

    def __init__(
        self,
        language: str = "en",
        persona: Persona | None = None,
        resources: Resources | None = None,
        checks: tuple[Check, ...] = GENERATED,
    ) -> None:
        """Create the checks, and load existing texts from `resources`.

        New texts must not repeat existing texts. If `resources` has an embedder, statements are
        also compared by meaning. `persona` is None in a tone campaign.
        """
        self._language, self._persona = language, persona
        resources = resources or Resources()
        self._rules = resources.rules
        indexes: list[NearDuplicates | SameMeaning] = [NearDuplicates()]
        if resources.embed:
            indexes.append(SameMeaning(resources.embed))
        for candidate in resources.existing:
            for index in indexes:
                index.remember(candidate)
        self._near_duplicates = indexes[0]
        self._checks: tuple[Check, ...] = (*checks, *indexes)

    def remember_example(self, text: str) -> None:
        """Remember a worked example, so that texts that nearly repeat it are rejected."""
        self._near_duplicates.add("a worked example", text)

    def run(self, candidate: Candidate, passage: str = "") -> Failure | None:
        """Return the candidate's first failure, or None if the candidate passes all checks."""
        item = CheckInput(candidate, passage, self._language, self._persona, self._rules)
        return next(filter(None, (check(item) for check in self._checks)), None)
