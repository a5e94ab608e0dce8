"""Freeze approved examples and preference pairs as a version, identified by a hash."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from sqlalchemy import Connection, Table, select

from db.errors import StoreError
from db.events import event
from db.records import (
    TURN_BREAK,
    Article,
    Candidate,
    CandidateKind,
    Decision,
    EventKind,
    Example,
    Gate,
    Interval,
    Message,
    Pair,
    Role,
    Split,
    Verdict,
    Version,
    find_opening,
    plain,
)
from db.sql.rows import among, batches, insert, insert_rows, without_erased
from db.sql.tables import members, pair_members, reviews
from db.store import Store
from db.versions.merkle import merkle_root
from db.versions.splits import Splits, split_gates, split_of

_BATCH = 2000


class Approval(NamedTuple):
    """An approved candidate, its verdict, and the id of its source article if it has one."""

    candidate: Candidate
    verdict: Verdict
    article: str | None


@dataclass(frozen=True)
class FreezePlan:
    """The settings for freezing a version.

    An example's split depends on its source article and on `salt`, which you can change to get a
    different split. `override` is the reason for freezing a version despite failed gates, or an
    empty string. `agreement` is stored with the version, so that versions can be compared.
    `unanimity` is the share of records on which all reviewers agree. `unanimity` is set only if all
    answers are the same, because `agreement` is undefined then. `pair_rejections` counts the pairs
    that were rejected, by reason.
    """

    name: str
    campaign: str
    salt: str
    splits: Splits = field(default_factory=Splits)
    gates: tuple[Gate, ...] = ()
    override: str = ""
    agreement: Interval | None = None
    unanimity: Interval | None = None
    pair_rejections: Mapping[str, int] = field(default_factory=dict)


def build_examples(
    approvals: Iterable[Approval], plan: FreezePlan, pages: Mapping[str, str] | None = None
) -> Iterator[Example]:
    """Convert approved candidates to examples with their final text and split.

    If a reviewer edited a candidate, the example contains the edited text. An example's split
    depends on the URL of its source article, because the URL is the same for all revisions of the
    article. `pages` maps article ids to URLs. For an article that isn't in `pages`, the split
    depends on the article's id, and for a candidate without an article, on the candidate's id.

    Raises `StoreError` if a verdict doesn't approve its candidate, or if an edited dialogue can't
    be parsed.
    """
    for candidate, verdict, article in approvals:
        if verdict.decision is not Decision.APPROVE or verdict.subject != candidate.id:
            raise StoreError(
                f"Candidate {candidate.id[:12]} has no verdict that approves it, and a version may "
                "contain only approved candidates. Leave it out."
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
            question="" if find_opening(candidate) else candidate.question,
            reference=candidate.reference.split(TURN_BREAK)[-1],
            passage=candidate.passage,
            article=article,
            persona=candidate.persona,
            traits=candidate.traits,
        )


def freeze(
    store: Store, plan: FreezePlan, approvals: Iterable[Approval], pairs: Iterable[Pair] = ()
) -> Version:
    """Store approved candidates and preference pairs as a version in one transaction.

    Freezing the same contents again returns the existing version with its original name. The store
    must already contain the candidates, outputs, reviews, verdicts and articles.

    Raises `StoreError` if no candidates are approved, if a gate fails without an override, or if a
    candidate is approved twice or was erased on request.
    """
    approvals = list(approvals)
    contents = _Contents({pair.id: pair for pair in pairs})
    articles = {approval.article for approval in approvals if approval.article}
    articles |= {pair.article for pair in contents.pairs.values() if pair.article}
    pages = {id: article.url for id, article in store.get_many(Article, articles).items()}
    contents.examples |= {e.id: e for e in build_examples(approvals, plan, pages)}
    _check_examples(contents.examples)
    root = merkle_root((*contents.examples, *contents.pairs))
    existing = store.get(Version, root)
    if existing:
        return existing
    examples = contents.examples.values()
    gates = (*plan.gates, *_split_gates(contents, pages, plan))
    failures = [gate for gate in gates if not gate.passed]
    if failures and not plan.override.strip():
        reasons = "".join(
            f"\n  {gate.name}: {gate.found} instead of {gate.expected}; {gate.remedy}"
            for gate in failures
        )
        raise StoreError(
            f"{plan.name} wasn't frozen because these gates failed:{reasons}\nFix these problems, "
            'or freeze it anyway with --override "REASON", which its card and report will state.'
        )
    splits = [example.split for example in examples]
    pair_kinds = {kind for pair in contents.pairs.values() for kind in pair.reviewer_kinds}
    example_kinds = _reviewer_kinds(store, [approval.verdict for approval in approvals])
    version = Version(
        root=root,
        name=plan.name,
        campaign=plan.campaign,
        salt=plan.salt,
        train=splits.count(Split.TRAIN),
        validation=splits.count(Split.VALIDATION),
        test=splits.count(Split.TEST),
        pairs=len(contents.pairs),
        reviewer_kinds=tuple(sorted(example_kinds | pair_kinds)),
        gates=gates,
        override=plan.override.strip() if failures else "",
    )
    with store.writing() as connection:
        _insert_version(connection, version, contents, plan)
    return version


@dataclass
class _Contents:
    """The contents of a version, keyed by id."""

    pairs: dict[str, Pair]
    examples: dict[str, Example] = field(default_factory=dict)


def _split_gates(
    contents: _Contents, pages: Mapping[str, str], plan: FreezePlan
) -> tuple[Gate, ...]:
    examples, pairs = contents.examples.values(), contents.pairs.values()
    return split_gates(examples, pairs, pages, plan.splits, plan.salt)


def _check_examples(examples: Mapping[str, Example]) -> None:
    if not examples:
        raise StoreError(
            "There are no approved candidates to freeze. Review some candidates first."
        )
    if len({example.candidate for example in examples.values()}) < len(examples):
        raise StoreError(
            "The version can't be frozen because a candidate has two verdicts that approve it. "
            "Keep only one verdict per candidate."
        )


def _final_text(candidate: Candidate, edit: str | None) -> tuple[tuple[Message, ...], str]:
    if edit is None:
        return candidate.messages, candidate.text
    if candidate.kind is CandidateKind.CONVERSATION:
        return (*candidate.messages[:-1], Message(Role.ASSISTANT, edit)), ""
    if candidate.kind is CandidateKind.DIALOGUE:
        try:
            first, *others = _copy_loss(candidate.messages, _text_to_messages(edit))
            first = replace(first, content=f"{find_opening(candidate)}{first.content}")
            return (first, *others), ""
        except ValueError as error:
            raise StoreError(
                f"The edited text of dialogue {candidate.id[:12]} can't be parsed. {error} Correct "
                "it in Argilla and pull again."
            ) from error
    return (), edit


def _text_to_messages(text: str) -> tuple[Message, ...]:
    """Parse the output of `messages_to_text`, which a reviewer may have edited.

    Raises `ValueError` if a turn has no speaker or is empty, or if the turns don't alternate
    between user and assistant (after an optional system turn) and end with the assistant.
    """
    messages: list[Message] = []
    for line in text.strip().splitlines():
        name, colon, rest = line.partition(":")
        if colon and name.strip().lower() in tuple(Role):
            messages.append(Message(Role(name.strip().lower()), rest.strip()))
        elif messages:
            last = messages.pop()
            messages.append(Message(last.role, f"{last.content}\n{line}".rstrip()))
        elif line.strip():
            raise ValueError(f"The dialogue starts with “{line[:40]}” instead of “User:”.")
    _check_turns(messages)
    return tuple(Message(m.role, m.content.strip()) for m in messages)


def _copy_loss(before: Sequence[Message], edited: tuple[Message, ...]) -> tuple[Message, ...]:
    """Exclude an edited turn from the loss if the original turn was excluded.

    Raises `ValueError` if some turns of the original chat are excluded from the loss and the edit
    adds, removes or reorders turns.
    """
    if all(message.has_loss for message in before):
        return edited
    if [message.role for message in before] != [message.role for message in edited]:
        raise ValueError(
            "Turns can't be added to or removed from a dialogue that has answers with weight 0."
        )
    return tuple(replace(m, has_loss=b.has_loss) for b, m in zip(before, edited, strict=True))


def _check_turns(messages: list[Message]) -> None:
    turns = messages[1:] if messages and messages[0].role is Role.SYSTEM else messages
    if not turns or [m.role for m in turns] != [Role.USER, Role.ASSISTANT] * (len(turns) // 2):
        roles = ", ".join(m.role for m in messages) or "none"
        raise ValueError(
            "The user and the assistant must alternate, and the assistant must speak last, but the "
            f"turns are: {roles}."
        )
    if not all(m.content.strip() for m in messages):
        raise ValueError("One of the turns is empty.")


def _reviewer_kinds(store: Store, verdicts: Sequence[Verdict]) -> set[str]:
    ids = (id for verdict in verdicts for id in verdict.reviews)
    kinds: set[str] = set()
    with store.reading() as connection:
        for batch in batches(ids, 50_000):
            query = select(reviews.c.reviewer_kind).distinct()
            kinds |= set(connection.scalars(query.where(among(reviews.c.id, batch))))
    return kinds


def _insert_version(
    connection: Connection, version: Version, contents: _Contents, plan: FreezePlan
) -> None:
    examples = [contents.examples[id] for id in sorted(contents.examples)]
    pairs = [contents.pairs[id] for id in sorted(contents.pairs)]
    if len(without_erased(connection, Example, examples)) < len(examples):
        raise StoreError("One of the examples was erased on request. Leave out its candidate.")
    if len(without_erased(connection, Pair, pairs)) < len(pairs):
        raise StoreError(
            "One of the preference pairs was erased on request. Pull the reviews again, then "
            "freeze again."
        )
    if not insert(connection, [version]):
        return  # another process froze the same contents at the same time
    _insert_members(connection, version, members, examples)
    _insert_members(connection, version, pair_members, pairs)
    detail = {"splits": plain(plan.splits), "agreement": plain(plan.agreement)}
    if plan.unanimity:
        detail["unanimity"] = plain(plan.unanimity)
    if plan.pair_rejections:
        detail["pair_rejections"] = dict(plan.pair_rejections)
    insert(connection, [event(version.id, EventKind.FROZEN, **detail)])


def _insert_members(
    connection: Connection, version: Version, table: Table, records: Sequence[Example | Pair]
) -> None:
    names = ("version", "pair" if table is pair_members else "example", "split")
    for batch in batches(records, _BATCH):
        insert(connection, batch)
        rows = [(version.id, record.id, record.split.value) for record in batch]
        insert_rows(connection, table, names, rows)
