"""Frozen versions: approved examples, split by source article, identified by a hash."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy import Connection, select

from db.errors import StoreError
from db.events import event
from db.identity import field_names
from db.merkle import merkle_root
from db.records import (
    Candidate,
    CandidateKind,
    Decision,
    Event,
    EventKind,
    Example,
    Gate,
    Interval,
    Message,
    Role,
    Split,
    Verdict,
    Version,
    plain,
    text_to_messages,
)
from db.rows import among, batches, insert, insert_rows, to_row, without_erased
from db.splits import Splits, split_gates, split_of
from db.store import Store
from db.tables import articles, examples, members, reviews

_BATCH = 2000


class Approval(NamedTuple):
    """A candidate, the verdict that approves it, and the id of its source article if any."""

    candidate: Candidate
    verdict: Verdict
    article: str | None


@dataclass(frozen=True)
class FreezePlan:
    """The settings of a version to freeze.

    Attributes:
        name: The name people use for it.
        campaign: The campaign whose approved candidates it holds.
        salt: Decides, with the source article, the split of an example.
        splits: The splits' shares and minimum sizes.
        gates: The quality gates, already evaluated.
        override: The reason for freezing despite a failing gate, or empty.
        agreement: The reviewers' agreement, stored to compare versions.
    """

    name: str
    campaign: str
    salt: str
    splits: Splits = field(default_factory=Splits)
    gates: tuple[Gate, ...] = ()
    override: str = ""
    agreement: Interval | None = None


def build_examples(
    approvals: Iterable[Approval], plan: FreezePlan, pages: Mapping[str, str] | None = None
) -> Iterator[Example]:
    """The examples that approved candidates become, each with its final text and split.

    A reviewer's edit replaces the candidate's text. The split depends on the article's address in
    `pages`, which is the same for all its revisions, or else on its id; without an article it
    depends on the candidate's id.

    Raises `StoreError` if a verdict doesn't approve its candidate, or an edited dialogue can't be
    parsed.
    """
    for candidate, verdict, article in approvals:
        if verdict.decision is not Decision.APPROVE or verdict.subject != candidate.id:
            raise StoreError(
                f"Candidate {candidate.id[:12]} has a verdict that doesn't approve it. Leave it "
                "out: a version only holds approved candidates."
            )
        messages, text = _final_text(candidate, verdict.text)
        source = (pages or {}).get(article, article) if article else candidate.id
        yield Example(
            candidate=candidate.id,
            verdict=verdict.id,
            kind=candidate.kind,
            split=split_of(source, plan.salt, plan.splits),
            messages=messages,
            text=text,
            question=candidate.question,
            reference=candidate.reference,
            passage=candidate.passage,
            article=article,
            persona=candidate.persona,
            traits=candidate.traits,
        )


def freeze(store: Store, plan: FreezePlan, approvals: Iterable[Approval]) -> Version:
    """Store approved candidates as a version in one transaction.

    The same contents are the same version: an existing one is returned with its own name. The
    store must have the candidates, verdicts and articles already.

    Raises `StoreError` if nothing is approved, a gate fails without an override, or a candidate is
    approved twice or was erased on request.
    """
    approvals = list(approvals)
    pages = _pages(store, {approval.article for approval in approvals if approval.article})
    contents = {example.id: example for example in build_examples(approvals, plan, pages)}
    if not contents:
        raise StoreError("No candidate is approved, so there's nothing to freeze. Review some.")
    if len({example.candidate for example in contents.values()}) < len(contents):
        raise StoreError("A candidate is approved by two verdicts. Keep one verdict of each.")
    root = merkle_root(contents)
    existing = store.get(Version, root)
    if existing:
        return existing
    gates = (*plan.gates, *split_gates(contents.values(), pages, plan.splits))
    failures = [gate for gate in gates if not gate.passed]
    if failures and not plan.override.strip():
        raise StoreError(_gate_error(plan, failures))
    splits = [example.split for example in contents.values()]
    version = Version(
        root=root,
        name=plan.name,
        campaign=plan.campaign,
        salt=plan.salt,
        train=splits.count(Split.TRAIN),
        validation=splits.count(Split.VALIDATION),
        test=splits.count(Split.TEST),
        reviewer_kinds=_reviewer_kinds(store, [approval.verdict for approval in approvals]),
        gates=gates,
        override=plan.override.strip() if failures else "",
    )
    with store.writing() as connection:
        _insert_version(connection, version, [contents[id] for id in sorted(contents)], plan)
    return version


def version_examples(
    store: Store, version: Version, split: Split | None = None
) -> Iterator[Example]:
    """A version's examples, or those of one split, in a fixed order; every hash is checked.

    Raises `StoreError` if something was withdrawn from the version, or if an example is missing or
    was changed.
    """
    events = withdrawals(store, version)
    if events:
        raise StoreError(
            f"Version {version.id[:12]} “{version.name}” is incomplete: something was withdrawn "
            f"on {events[0].at[:10]}. Freeze a new version without it."
        )
    where = {} if split is None else {"split": split.value}
    rows = store.rows(members, version=version.id, **where)
    for batch in batches((row["example"] for row in rows), _BATCH):
        by_id = store.get_many(Example, batch)
        for id in batch:
            example = by_id.get(id)
            if example is None or example.recompute_id() != id:
                raise StoreError(
                    f"Example {id[:12]} {'was changed' if example else 'is missing'}. Check the "
                    "version with `timbre version verify` and restore it from a backup."
                )
            yield example


def withdrawals(store: Store, version: Version) -> list[Event]:
    """The withdrawals of data from a version, oldest first; with any, it can't be trained on."""
    return list(store.stream(Event, subject=version.id, kind=EventKind.WITHDRAWN.value))


def find_version(store: Store, name: str) -> Version:
    """The newest version with a name, or the one whose id starts with it (six or more digits).

    Raises `StoreError` if there is none.
    """
    versions = list(store.stream(Version))
    for version in reversed(versions):
        if version.name == name or (len(name) >= 6 and version.id.startswith(name.lower())):
            return version
    names = ", ".join(dict.fromkeys(version.name for version in versions))
    raise StoreError(
        f"No version is called “{name}”. Give an id or one of these names: {names}."
        if names
        else f"No version is called “{name}”. Freeze one with `timbre version freeze`."
    )


def check_campaign(version: Version, campaign: str, subject: str) -> None:
    """Raise `StoreError` if a version belongs to another campaign than the one it is used with.

    Another campaign's criteria don't fit its prompts. `subject` starts the error: the version, or
    a run on it.
    """
    if version.campaign != campaign:
        raise StoreError(
            f"{subject} belongs to the campaign {version.campaign}, not to {campaign}. Name its "
            "own campaign; `timbre version list` and `timbre run list` show which that is."
        )


def _final_text(candidate: Candidate, edit: str | None) -> tuple[tuple[Message, ...], str]:
    if edit is None:
        return candidate.messages, candidate.text
    if candidate.kind is CandidateKind.CONVERSATION:
        return (*candidate.messages[:-1], Message(Role.ASSISTANT, edit)), ""
    if candidate.kind is CandidateKind.DIALOGUE:
        try:
            return text_to_messages(edit), ""
        except ValueError as error:
            raise StoreError(
                f"The edit of dialogue {candidate.id[:12]} can't be parsed. {error} Correct it in "
                "Argilla and pull again."
            ) from error
    return (), edit


def _pages(store: Store, ids: set[str]) -> dict[str, str]:
    """The addresses of articles."""
    with store.reading() as connection:
        query = select(articles.c.id, articles.c.url)
        rows = connection.execute(query.where(among(connection, articles.c.id, tuple(ids))))
        return {row.id: row.url for row in rows}


def _reviewer_kinds(store: Store, verdicts: Sequence[Verdict]) -> tuple[str, ...]:
    ids = (id for verdict in verdicts for id in verdict.reviews)
    kinds: set[str] = set()
    with store.reading() as connection:
        for batch in batches(ids, 50_000):
            query = select(reviews.c.reviewer_kind).distinct()
            kinds |= set(connection.scalars(query.where(among(connection, reviews.c.id, batch))))
    return tuple(sorted(kinds))


def _gate_error(plan: FreezePlan, failures: Sequence[Gate]) -> str:
    reasons = "; ".join(
        f"{gate.name}: {gate.found} instead of {gate.expected} ({gate.remedy})" for gate in failures
    )
    return (
        f"{plan.name} wasn't frozen because gates failed. {reasons}. "
        "Fix this, or override the gates with a reason."
    )


def _insert_version(
    connection: Connection, version: Version, ordered: Sequence[Example], plan: FreezePlan
) -> None:
    if len(without_erased(connection, Example, ordered)) < len(ordered):
        raise StoreError("An example was erased on request. Leave out its candidate.")
    if not insert(connection, [version]):
        return  # another process has just frozen the same contents
    columns = ("id", *field_names(Example))
    for batch in batches(ordered, _BATCH):
        insert_rows(connection, examples, columns, list(map(to_row, batch)))
        rows = [(version.id, example.id, example.split.value) for example in batch]
        insert_rows(connection, members, ("version", "example", "split"), rows)
    detail = {"splits": plain(plan.splits), "agreement": plain(plan.agreement)}
    insert(connection, [event(version.id, EventKind.FROZEN, **detail)])
