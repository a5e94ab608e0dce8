"""Every check that a candidate must pass before people see it, the first objection counting."""

from collections.abc import Callable, Iterator

from db.records import Candidate, CandidateKind, messages_to_text
from pipelines.checks.finding import Finding
from pipelines.checks.language import is_english
from pipelines.checks.near_duplicates import NearIndex
from pipelines.checks.pii import pii
from pipelines.checks.spoken import markdown, refusal
from pipelines.checks.support import unsupported_names, unsupported_numbers
from pipelines.persona_file import Persona
from pipelines.words import words

LENGTHS = {
    CandidateKind.CONVERSATION: (8, 150),
    CandidateKind.STATEMENT: (15, 300),
    CandidateKind.DIALOGUE: (15, 400),
    CandidateKind.DOCUMENT: (30, 500),
}
NEAR = 0.7
COPIED = 0.95


class CampaignChecks:
    """The checks of one run; it remembers what it let pass, to know near-duplicates."""

    def __init__(self, language: str = "en", persona: Persona | None = None) -> None:
        """Checks for texts in a language, and for what a persona says.

        Args:
            language: of the tone or persona; other than English, no language is checked.
            persona: whose traits a text must show.
        """
        self._english = language == "en"
        self._persona = persona
        self._passed = NearIndex(NEAR)

    def finding(self, candidate: Candidate, passage: str) -> Finding | None:
        """The first objection to a candidate, None if it may be shown."""
        for check in self._checks():
            if found := next(check(candidate, passage), None):
                return found
        near = self._passed.add(candidate.id, self.text(candidate))
        return Finding("near-duplicate", f"{near[1]:.2f} like {near[0]}") if near else None

    def text(self, candidate: Candidate) -> str:
        """What was written: the answer of a conversation, all of a dialogue, or the text."""
        if candidate.kind is CandidateKind.CONVERSATION:
            return candidate.messages[-1].content
        return candidate.text or messages_to_text(candidate.messages)

    def _checks(self) -> tuple[Callable[[Candidate, str], Iterator[Finding]], ...]:
        return (
            self._language, self._length, self._speech, self._copied, self._support, self._traits,
            self._private,
        )  # fmt: skip

    def _language(self, candidate: Candidate, _: str) -> Iterator[Finding]:
        if self._english and not is_english(text := self.text(candidate)):
            yield Finding("not English", text[:80])

    def _length(self, candidate: Candidate, _: str) -> Iterator[Finding]:
        least, most = LENGTHS[candidate.kind]
        if not least <= (count := len(words(self.text(candidate)))) <= most:
            yield Finding("length", f"{count} words, expected {least} to {most}")

    def _speech(self, candidate: Candidate, _: str) -> Iterator[Finding]:
        text = self.text(candidate)
        if found := refusal(text):
            yield Finding("refusal", f"“{found}”")
        if candidate.kind is not CandidateKind.DOCUMENT and (found := markdown(text)):
            yield Finding("markdown", f"“{found}”")

    def _copied(self, candidate: Candidate, _: str) -> Iterator[Finding]:
        if candidate.kind is CandidateKind.CONVERSATION:
            share = _copied_share(self.text(candidate), candidate.reference)
            if share >= COPIED:
                yield Finding(
                    "copied", f"{share:.0%} of its runs of five words are the plain answer's"
                )

    def _support(self, candidate: Candidate, passage: str) -> Iterator[Finding]:
        if candidate.kind is not CandidateKind.CONVERSATION:
            return
        source = f"{passage}\n{candidate.question}"
        if numbers := unsupported_numbers(self.text(candidate), source):
            yield Finding("unsupported number", ", ".join(numbers))
        if names := unsupported_names(self.text(candidate), source):
            yield Finding("unsupported name", ", ".join(names))

    def _traits(self, candidate: Candidate, _: str) -> Iterator[Finding]:
        if self._persona is None:
            return
        said = _own_words(candidate)
        missing = [t for t in candidate.traits if not self._persona.trait(t).shown_in(said)]
        if missing or not candidate.traits:
            yield Finding("trait not shown", ", ".join(missing) or "no trait named")

    def _private(self, candidate: Candidate, _: str) -> Iterator[Finding]:
        if found := pii(self.text(candidate)):
            yield Finding("personal data", "; ".join(kind.split(":")[0] for kind in found))


def _own_words(candidate: Candidate) -> str:
    return candidate.text or " ".join(m.content for m in candidate.messages if m.role != "user")


def _copied_share(text: str, source: str) -> float:
    size = 5
    said, known = ([w.lower() for w in words(t)] for t in (text, source))
    runs = [tuple(said[n : n + size]) for n in range(len(said) - size + 1)]
    there = {tuple(known[n : n + size]) for n in range(len(known) - size + 1)}
    return sum(run in there for run in runs) / len(runs) if runs else 0.0
