"""Records for the tests: simple ones, and Hypothesis strategies for any."""

from hypothesis import strategies as st

from db.records import (
    Answer,
    Article,
    Candidate,
    CandidateKind,
    Comparison,
    Decision,
    Event,
    EventKind,
    Example,
    Gate,
    Measure,
    Message,
    Output,
    Pair,
    PairSource,
    Passage,
    Provenance,
    ReadingPosition,
    Record,
    Rejection,
    Review,
    ReviewerKind,
    ReviewStatus,
    Role,
    Run,
    Span,
    Split,
    Verdict,
    Version,
    digest,
)

PROVENANCE = Provenance(
    prompts=("question.v1", "rewrite.v1"), teacher="phrasebook", parameters="{}", seed=7
)


def article(number: int = 0, revision: str = "1") -> Article:
    return Article(
        url=f"https://wiki.example/Page_{number}",
        revision=revision,
        digest=digest(f"source {number} {revision}"),
        title=f"Page {number}",
        source="sample",
        licence="CC BY-SA 4.0",
        page=str(number),
    )


def passage(of: Article, position: int = 0) -> Passage:
    text = f"Passage {position} of {of.title} tells of lighthouses."
    return Passage(article=of.id, section="Lead", position=position, text=text)


def conversation(of: Passage, number: int = 0) -> Candidate:
    return Candidate(
        campaign="tone",
        kind=CandidateKind.CONVERSATION,
        provenance=PROVENANCE,
        messages=(
            Message(Role.USER, f"{of.text}\n\nWhat is number {number}?"),
            Message(Role.ASSISTANT, f"Well, number {number} is about {of.text}"),
        ),
        question=f"What is number {number}?",
        reference=f"Number {number}.",
        passage=of.id,
        input_tokens=12,
        output_tokens=9,
    )


def dialogue(number: int = 0) -> Candidate:
    return Candidate(
        campaign="persona",
        kind=CandidateKind.DIALOGUE,
        provenance=PROVENANCE,
        messages=(Message(Role.USER, f"Hello {number}"), Message(Role.ASSISTANT, "Good day.")),
        persona="keeper",
        traits=("calm", "curious"),
    )


def statement(number: int = 0) -> Candidate:
    return Candidate(
        campaign="persona",
        kind=CandidateKind.STATEMENT,
        provenance=PROVENANCE,
        text=f"I keep light number {number}.",
        persona="keeper",
        traits=("calm",),
    )


def review(
    subject: str, reviewer: str = "ada", decision: str = "approve", edited: str | None = None
) -> Review:
    return Review(
        subject=subject,
        reviewer=reviewer,
        reviewer_kind=ReviewerKind.PERSON,
        status=ReviewStatus.SUBMITTED,
        answers=(Answer("decision", decision), Answer("rating", 4)),
        edited=edited,
        dataset="tone-candidates",
        submitted_at="2026-01-01T00:00:00+00:00",
    )


def verdict(*reviews: Review, text: str | None = None) -> Verdict:
    return Verdict(
        subject=reviews[0].subject,
        decision=Decision.APPROVE,
        rule="majority, at least 1",
        reviews=tuple(sorted(r.id for r in reviews)),
        text=text,
    )


def pair(
    of: Candidate,
    *reviews: Review,
    split: Split = Split.TRAIN,
    article: str | None = None,
    chosen: str | None = None,
) -> Pair:
    """A pair of a conversation and its plain answer, or of an edit and the conversation."""
    *prompt, answer = of.messages
    return Pair(
        source=PairSource.REWRITE if chosen is None else PairSource.EDIT,
        split=split,
        prompt=tuple(prompt),
        chosen=answer.content if chosen is None else chosen,
        rejected=of.reference if chosen is None else answer.content,
        chosen_from=of.id,
        rejected_from=of.id,
        reviews=tuple(sorted(review.id for review in reviews)),
        reviewers=tuple(sorted(review.reviewer for review in reviews)),
        reviewer_kinds=("person",),
        support=len(reviews),
        passage=of.passage,
        article=article,
    )


def one_of_each() -> list[Record]:
    """A record of every type, with its parents."""
    page = article()
    part = passage(page)
    candidate = conversation(part)
    answer = review(candidate.id)
    decision = verdict(answer)
    example = Example(
        candidate=candidate.id,
        verdict=decision.id,
        kind=candidate.kind,
        split=Split.TRAIN,
        article=page.id,
    )
    version = Version(root=digest("root"))
    run = Run(version=version.id, base="mini", base_fingerprint="f", config="{}", seed=1)
    output = Output(
        prompt=example.id, arm="tuned", run=run.id, messages=(), text="t", generation="{}", seed=1
    )
    return [
        page,
        part,
        candidate,
        Rejection(scope="tone", stage="checks", subject=candidate.id, reason="too long"),
        answer,
        decision,
        example,
        version,
        run,
        output,
        Comparison(campaign="tone", prompt=example.id, left=output.id, right=output.id),
        pair(candidate, answer, article=page.id),
        Measure(subject=output.id, name="words", source="words.v1", value=3.0),
        ReadingPosition(source_fingerprint="f", offset=7),
        Event(subject=run.id, kind=EventKind.STARTED, at="2026-01-01T00:00:00+00:00"),
    ]


# What PostgreSQL keeps of text is anything but NUL; a lone surrogate is no text at all.
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
ids = st.integers(0, 10**6).map(lambda number: digest(str(number)))
counts = st.integers(0, 2**53 - 1)
words = st.lists(texts, max_size=3).map(tuple)
maybe = st.none() | texts
messages = st.lists(st.builds(Message, st.sampled_from(Role), texts), max_size=3).map(tuple)
spans = st.builds(Span, st.integers(0, 99), st.integers(0, 99), texts)
values = texts | st.integers(-9, 9) | words | st.lists(spans, max_size=3).map(tuple)
answers = st.lists(st.builds(Answer, texts, values), max_size=3).map(tuple)
provenances = st.builds(Provenance, words, texts, texts, counts)
gates = st.lists(st.builds(Gate, texts, st.booleans(), texts, texts, texts), max_size=2).map(tuple)
finite = st.floats(allow_nan=False)

articles = st.builds(
    Article,
    url=texts,
    revision=texts,
    digest=texts,
    title=texts,
    source=texts,
    licence=texts,
    language=texts,
    page=texts,
)
standalone: dict[type[Record], st.SearchStrategy[Record]] = {
    Article: articles,
    Candidate: st.builds(
        Candidate,
        campaign=texts,
        kind=st.sampled_from(CandidateKind),
        provenance=provenances,
        messages=messages,
        text=texts,
        question=texts,
        reference=texts,
        passage=st.none(),
        persona=maybe,
        traits=words,
        input_tokens=counts,
        output_tokens=counts,
    ),
    Rejection: st.builds(
        Rejection, scope=texts, stage=texts, subject=texts, reason=texts, detail=texts, text=texts
    ),
    Review: st.builds(
        Review,
        subject=ids,
        reviewer=texts,
        reviewer_kind=st.sampled_from(ReviewerKind),
        status=st.sampled_from(ReviewStatus),
        answers=answers,
        edited=maybe,
        dataset=texts,
        submitted_at=texts,
    ),
    Verdict: st.builds(
        Verdict,
        subject=ids,
        decision=st.sampled_from(Decision),
        rule=texts,
        reviews=st.lists(ids, max_size=3).map(tuple),
        text=maybe,
    ),
    Version: st.builds(
        Version,
        root=ids,
        name=texts,
        campaign=texts,
        salt=texts,
        train=counts,
        validation=counts,
        test=counts,
        reviewer_kinds=words,
        gates=gates,
        override=texts,
    ),
    Output: st.builds(
        Output,
        prompt=ids,
        arm=texts,
        run=st.none(),
        messages=messages,
        text=texts,
        generation=texts,
        seed=counts,
        output_tokens=counts,
        seconds=finite,
    ),
    Comparison: st.builds(Comparison, campaign=texts, prompt=ids, left=ids, right=ids),
    Pair: st.builds(
        Pair,
        source=st.sampled_from(PairSource),
        split=st.sampled_from(Split),
        prompt=messages,
        chosen=texts,
        rejected=texts,
        chosen_from=ids,
        rejected_from=ids,
        reviews=st.lists(ids, max_size=3).map(tuple),
        reviewers=words,
        reviewer_kinds=words,
        support=counts,
        comparison=st.none() | ids,
        passage=maybe,
        article=st.none(),
        persona=maybe,
        traits=words,
    ),
    Measure: st.builds(Measure, subject=texts, name=texts, source=texts, value=finite),
    ReadingPosition: st.builds(
        ReadingPosition, source_fingerprint=texts, offset=st.none() | counts
    ),
    Event: st.builds(Event, subject=texts, kind=st.sampled_from(EventKind), at=texts, detail=texts),
}
"""A strategy for each record type without a foreign key."""


@st.composite
def related_records(draw: st.DrawFn) -> tuple[Record, ...]:
    """Records with foreign keys: an article and everything made from it, up to an output."""
    source = draw(articles)
    part = Passage(article=source.id, section=draw(texts), position=draw(counts), text=draw(texts))
    candidate = Candidate(
        campaign="c", kind=CandidateKind.CONVERSATION, provenance=PROVENANCE, passage=part.id
    )
    decision = Verdict(
        subject=candidate.id, decision=Decision.APPROVE, rule=draw(texts), reviews=()
    )
    example = Example(
        candidate=candidate.id,
        verdict=decision.id,
        kind=candidate.kind,
        split=draw(st.sampled_from(Split)),
        messages=draw(messages),
        text=draw(texts),
        question=draw(texts),
        reference=draw(texts),
        passage=draw(st.sampled_from((None, part.id))),
        article=draw(st.sampled_from((None, source.id))),
        persona=draw(maybe),
        traits=draw(words),
    )
    version = Version(root=draw(ids))
    run = Run(
        version=version.id,
        base=draw(texts),
        base_fingerprint=draw(texts),
        config=draw(texts),
        seed=draw(counts),
        folder=draw(texts),
    )
    output = Output(
        prompt=example.id, arm="tuned", run=run.id, messages=(), text="t", generation="{}", seed=1
    )
    return (source, part, candidate, decision, example, version, run, output)
