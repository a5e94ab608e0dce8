"""Frozen versions: what people approved, split by source article, under a hash of its contents."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, select

from db.errors import StoreError
from db.events import event
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
    field_names,
    plain,
    text_to_messages,
)
from db.rows import allowed, among, batches, from_row, insert, insert_rows, to_row
from db.splits import Splits, split_gates, split_of
from db.store import Store
from db.tables import articles, members, reviews
from db.tables import examples as example_rows

_BATCH = 2000
Approved = tuple[Candidate, Verdict, str | None]


@dataclass(frozen=True)
class FreezePlan:
    """What a version is to be.

    Attributes:
        name: What people call it.
        campaign: The campaign whose approved candidates it holds.
        salt: Decides, with the article, on which side an example is.
        splits: The sides' shares and fewest articles.
        gates: The conditions that the stages computed.
        override: Why it may be frozen though a gate fails; empty where it may not.
        agreement: The reviewers' agreement, kept for comparison with other versions.
    """

    name: str
    campaign: str
    salt: str
    splits: Splits = field(default_factory=Splits)
    gates: tuple[Gate, ...] = ()
    override: str = ""
    agreement: Interval | None = None


def examples(
    approved: Iterable[Approved], plan: FreezePlan, pages: Mapping[str, str] | None = None
) -> Iterator[Example]:
    """The examples that approved candidates become, each with its final text and side.

    A reviewer's edit, the verdict's text, wins over the candidate's own. The side follows from
    the salted hash of the article, which is given with the candidate as an id; what comes of no
    article goes by its own id. `pages` gives articles the address to go by instead, which is the
    same for every revision. Raises `StoreError` if a verdict is no approval or of something else,
    or if an edited dialogue cannot be read.
    """
    known = pages or {}
    for candidate, verdict, article in approved:
        if verdict.decision is not Decision.APPROVE or verdict.subject != candidate.id:
            raise StoreError(
                f"found candidate {candidate.id[:12]} with a verdict that does not approve it, "
                "expected approved candidates only; leave it out"
            )
        messages, text = _final(candidate, verdict.text)
        source = known.get(article, article) if article else candidate.id
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


def freeze(store: Store, plan: FreezePlan, approved: Iterable[Approved]) -> Version:
    """Keep approved candidates as a version, all or nothing.

    The same contents are the same version: if it is there, it is returned as it is, under the
    name it has, and nothing is added. Candidates, verdicts and articles must be in the store.
    Raises `StoreError`, which says what would have to change, if nothing is approved, if a gate
    fails without an override, or if a candidate is approved twice or was erased on request.
    """
    given = list(approved)
    pages = _pages(store, {article for _, _, article in given if article})
    made = {example.id: example for example in examples(given, plan, pages)}
    if not made or len({example.candidate for example in made.values()}) < len(made):
        found = "a candidate approved by two verdicts" if made else "nothing approved"
        raise StoreError(f"found {found}, expected one verdict for each candidate; review more")
    root = merkle_root(made)
    existing = store.get(Version, root)
    if existing:
        return existing
    gates = (*plan.gates, *split_gates(made.values(), pages, plan.splits))
    failing = [gate for gate in gates if not gate.passed]
    if failing and not plan.override.strip():
        raise StoreError(_refusal(plan, failing))
    kinds = _reviewer_kinds(store, [verdict for _, verdict, _ in given])
    sides = [example.split for example in made.values()]
    version = Version(
        root=root,
        name=plan.name,
        campaign=plan.campaign,
        salt=plan.salt,
        train=sides.count(Split.TRAIN),
        validation=sides.count(Split.VALIDATION),
        test=sides.count(Split.TEST),
        reviewer_kinds=kinds,
        gates=gates,
        override=plan.override.strip() if failing else "",
    )
    with store.writing() as connection:
        _keep(connection, version, [made[id] for id in sorted(made)], plan)
    return version


def version_examples(
    store: Store, version: Version, split: Split | None = None
) -> Iterator[Example]:
    """A version's examples, or those of one side, in an order that is the same every time.

    Every hash is computed anew as it is read. Raises `StoreError` if something was withdrawn from
    the version, or if an example is missing or no longer what it was.
    """
    gone = withdrawals(store, version)
    if gone:
        raise StoreError(
            f"found version {version.id[:12]} “{version.name}” with something withdrawn on "
            f"{gone[0].at[:10]}, expected it whole; freeze a new version without it"
        )
    sides = {} if split is None else {"split": split.value}
    rows = store.rows(members, version=version.id, **sides)
    for batch in batches((row["example"] for row in rows), _BATCH):
        with store.reading() as connection:
            query = select(example_rows).where(among(connection, example_rows.c.id, batch))
            found = {row["id"]: row for row in connection.execute(query).mappings()}
        for id in batch:
            example = from_row(Example, found[id]) if id in found else None
            if example is None or example.named_anew() != id:
                raise StoreError(
                    f"found example {id[:12]} {'altered' if example else 'missing'}, expected it "
                    "as it was frozen; see `timbre version verify` and restore it from a copy"
                )
            yield example


def withdrawals(store: Store, version: Version) -> list[Event]:
    """What was withdrawn from a version, oldest first; it may be trained on if that is nothing."""
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


def _final(candidate: Candidate, edit: str | None) -> tuple[tuple[Message, ...], str]:
    if edit is None:
        return candidate.messages, candidate.text
    if candidate.kind is CandidateKind.CONVERSATION:
        return (*candidate.messages[:-1], Message(Role.ASSISTANT, edit)), ""
    if candidate.kind is CandidateKind.DIALOGUE:
        try:
            return text_to_messages(edit), ""
        except ValueError as error:
            raise StoreError(
                f"the edit of dialogue {candidate.id[:12]} cannot be read: {error}; correct it "
                "in Argilla and pull again"
            ) from error
    return (), edit


def _pages(store: Store, ids: set[str]) -> dict[str, str]:
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


def _refusal(plan: FreezePlan, failing: Sequence[Gate]) -> str:
    reasons = "; ".join(
        f"{gate.name}: found {gate.found}, expected {gate.expected} ({gate.remedy})"
        for gate in failing
    )
    return (
        f"{plan.name} was not frozen: {reasons}; change that, or override the gates with a reason"
    )


def _keep(
    connection: Connection, version: Version, ordered: Sequence[Example], plan: FreezePlan
) -> None:
    if len(allowed(connection, Example, ordered)) < len(ordered):
        raise StoreError(
            "found an example that was erased on request, expected what may be kept; leave out "
            "its candidate"
        )
    if not insert(connection, [version]):
        return  # Another program has just frozen the same.
    columns = ("id", *field_names(Example))
    for batch in batches(ordered, _BATCH):
        insert_rows(connection, example_rows, columns, list(map(to_row, batch)))
        rows = [(version.id, example.id, example.split.value) for example in batch]
        insert_rows(connection, members, ("version", "example", "split"), rows)
    shares = plain(plan.splits)
    insert(
        connection,
        [event(version.id, EventKind.FROZEN, splits=shares, agreement=plain(plan.agreement))],
    )
