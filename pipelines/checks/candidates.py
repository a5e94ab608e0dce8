"""Every check that a candidate must pass before people see it, the first objection counting."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from db.records import Candidate, CandidateKind, Role, messages_to_text
from pipelines.checks.asked import asked_instead
from pipelines.checks.finding import Finding
from pipelines.checks.language import is_english
from pipelines.checks.near_duplicates import NearIndex
from pipelines.checks.pii import pii
from pipelines.checks.same_meaning import MeaningIndex
from pipelines.checks.spoken import markdown, refusal
from pipelines.checks.support import unsupported_names, unsupported_numbers
from pipelines.persona_file import Persona
from pipelines.plan import Lent
from pipelines.words import words

LENGTHS = {
    CandidateKind.CONVERSATION: (8, 150),
    CandidateKind.STATEMENT: (15, 300),
    CandidateKind.DIALOGUE: (15, 400),
    CandidateKind.DOCUMENT: (30, 500),
}
NEAR = 0.7
COPIED = 0.95
SAME_MEANING = 0.95  # chosen by docs/benchmarks/same_meaning.md


@dataclass(frozen=True)
class CheckedFor:
    """What texts are meant to be: of a language (only English is checked), shown by a persona."""

    language: str = "en"
    persona: Persona | None = None


def judged(candidate: Candidate) -> str:
    """What was written: the answer of a conversation, all of a dialogue, or the text."""
    if candidate.kind is CandidateKind.CONVERSATION:
        return candidate.messages[-1].content
    return candidate.text or messages_to_text(candidate.messages)


class CampaignChecks:
    """The checks of one run; it remembers what it let pass, to know near-duplicates."""

    def __init__(self, meant: CheckedFor | None = None, lent: Lent | None = None) -> None:
        """Checks for a campaign's texts.

        Args:
            meant: the language and persona of the campaign.
            lent: texts that new ones must not repeat; statements are compared by their meaning
                where it holds an embedder.
        """
        meant, lent = meant or CheckedFor(), lent or Lent()
        self._english = meant.language == "en"
        self._persona = meant.persona
        self._passed = NearIndex(NEAR)
        self._meant = MeaningIndex(SAME_MEANING, lent.embed) if lent.embed else None
        statements = []
        for candidate in lent.earlier:
            self._passed.add(candidate.id, judged(candidate))
            if candidate.kind is CandidateKind.STATEMENT:
                statements.append(candidate)
        if self._meant:
            self._meant.take([c.id for c in statements], [c.text for c in statements])

    def finding(self, candidate: Candidate, passage: str) -> Finding | None:
        """The first objection to a candidate, None if it may be shown."""
        for check in self._checks():
            if found := next(check(candidate, passage), None):
                return found
        return self._repeated(candidate)

    def existing(self, candidate: Candidate) -> Finding | None:
        """The first objection to a text that people wrote: its language, private data, a repeat."""
        for check in (self._language, self._turns, self._private):
            if found := next(check(candidate, ""), None):
                return found
        return self._repeated(candidate)

    def _repeated(self, candidate: Candidate) -> Finding | None:
        text = judged(candidate)
        near = self._passed.add(candidate.id, text)
        if near and near[0] != candidate.id:
            return Finding("near-duplicate", f"{near[1]:.2f} like {near[0]}")
        if self._meant is None or candidate.kind is not CandidateKind.STATEMENT:
            return None
        same = self._meant.add(candidate.id, text)
        if same and same[0] != candidate.id:
            return Finding("same meaning", f"{same[1]:.2f} like {same[0]}")
        return None

    def _checks(self) -> tuple[Callable[[Candidate, str], Iterator[Finding]], ...]:
        return (
            self._turns, self._language, self._length, self._speech, self._copied, self._support,
            self._asked, self._traits, self._private,
        )  # fmt: skip

    def _turns(self, candidate: Candidate, _: str) -> Iterator[Finding]:
        roles = [message.role for message in candidate.messages if message.role is not Role.SYSTEM]
        if roles != [Role.USER, Role.ASSISTANT] * (len(roles) // 2):
            yield Finding("turns", ", ".join(roles))

    def _language(self, candidate: Candidate, _: str) -> Iterator[Finding]:
        if self._english and not is_english(text := judged(candidate)):
            yield Finding("not English", text[:80])

    def _length(self, candidate: Candidate, _: str) -> Iterator[Finding]:
        least, most = LENGTHS[candidate.kind]
        if not least <= (count := len(words(judged(candidate)))) <= most:
            yield Finding("length", f"{count} words, expected {least} to {most}")

    def _speech(self, candidate: Candidate, _: str) -> Iterator[Finding]:
        text = judged(candidate)
        if found := refusal(text):
            yield Finding("refusal", f"“{found}”")
        if candidate.kind is not CandidateKind.DOCUMENT and (found := markdown(text)):
            yield Finding("markdown", f"“{found}”")

    def _copied(self, candidate: Candidate, passage: str) -> Iterator[Finding]:
        source = candidate.reference or passage
        share = copied_share(_own_words(candidate), source)
        if share >= COPIED:
            whose = "the plain answer's" if candidate.reference else "the passage's"
            yield Finding("copied", f"{share:.0%} of its runs of five words are {whose}")

    def _support(self, candidate: Candidate, passage: str) -> Iterator[Finding]:
        if candidate.kind is not CandidateKind.CONVERSATION:
            return
        source = f"{passage}\n{candidate.question}"
        if numbers := unsupported_numbers(judged(candidate), source):
            yield Finding("unsupported number", ", ".join(numbers))
        if names := unsupported_names(judged(candidate), source):
            yield Finding("unsupported name", ", ".join(names))

    def _asked(self, candidate: Candidate, passage: str) -> Iterator[Finding]:
        if candidate.kind is CandidateKind.CONVERSATION:
            said = f"{candidate.reference} {judged(candidate)}"
            if instead := asked_instead(candidate.question, said, passage):
                yield Finding("answers another question", f"asked about “{instead[:80]}”")

    def _traits(self, candidate: Candidate, _: str) -> Iterator[Finding]:
        if self._persona is None:
            return
        said = _own_words(candidate)
        missing = [t for t in candidate.traits if not self._persona.trait(t).shown_in(said)]
        if not missing and candidate.traits:
            return
        others = [t.name for t in self._persona.traits if t.shown_in(said)]
        wrong = [name for name in others if name not in candidate.traits]
        asked = ", ".join(missing) or "none named"
        if wrong:
            yield Finding("wrong trait", f"{', '.join(wrong)} in place of {asked}")
        elif others:
            yield Finding("trait not shown", asked)
        else:
            yield Finding("no trait shown", asked)

    def _private(self, candidate: Candidate, _: str) -> Iterator[Finding]:
        if found := pii(judged(candidate)):
            yield Finding("personal data", "; ".join(kind.split(":")[0] for kind in found))


def _own_words(candidate: Candidate) -> str:
    said = (m.content for m in candidate.messages if m.role is Role.ASSISTANT)
    return candidate.text or " ".join(said)


def copied_share(text: str, source: str) -> float:
    """The share of a text's runs of five words that the source has too."""
    size = 5
    said, known = ([w.lower() for w in words(t)] for t in (text, source))
    runs = [tuple(said[n : n + size]) for n in range(len(said) - size + 1)]
    there = {tuple(known[n : n + size]) for n in range(len(known) - size + 1)}
    return sum(run in there for run in runs) / len(runs) if runs else 0.0
