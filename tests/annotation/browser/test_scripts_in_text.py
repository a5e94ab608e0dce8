"""Scripts and markup in any text that we push are shown in the web UI as written, and never run.

The pages ignore the server's Content-Security-Policy here, so that what we push is safe without it.
One test shows that the policy stops what isn't escaped.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from annotation.adjudication import adjudication_settings
from annotation.argilla.accounts import Account, add_user, add_workspace
from annotation.argilla.connection import Connection, connect
from annotation.argilla.datasets import find_dataset
from annotation.errors import AnnotationError
from annotation.items import CandidateItem, Suggestion
from annotation.pull import pull
from annotation.push import PushCount, push_candidates, push_comparisons
from annotation.review_settings import Basis, ReviewSettings, ScalePoint, StyleRule, TraitLabel
from annotation.submit import submit
from db.records import Answer, Review, ReviewerKind, ReviewStatus, Span
from tests.annotation.browser.pages import choose, drag_over, log_in, open_dataset, send
from tests.annotation.records import (
    ARTICLE,
    PERSONA,
    TONE,
    comparison,
    conversation,
    dialogue,
    statement,
)

PAYLOADS = """
<script>top.hacked=1</script>
<ScRiPt>top.hacked=1</sCrIpT>
<script src=data:text/javascript,top.hacked=1></script>
<script>alert(1)</script>
"><script>alert(1)</script>
'><script>alert(1)</script>
</title><script>alert(1)</script>
</textarea><script>alert(1)</script>
</style><script>alert(1)</script>
</p></div></div><script>alert(1)</script>
<img src=x onerror=top.hacked=1>
<img src=x onerror=alert(1)>
<img src=x:x onerror="prompt(1)">
<IMG SRC=x OnErRoR=confirm(1)>
<img/src=x/onerror=top.hacked=1>
"><img src=x onerror=top.hacked=1>
' onmouseover='top.hacked=1
" autofocus onfocus="top.hacked=1
<img src="x` `<script>top.hacked=1</script>"` `>
<svg onload=top.hacked=1>
<svg><script>top.hacked=1</script></svg>
<svg/onload=alert(1)>
<svg><animate onbegin=top.hacked=1 attributeName=x dur=1s>
<svg><a xlink:href="javascript:top.hacked=1"><text y=20>x</text></a></svg>
<svg><style><img src=x onerror=top.hacked=1></style></svg>
<svg><foreignObject><iframe srcdoc="<script>top.hacked=1</script>"></iframe></foreignObject></svg>
<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert()&gt;">
<math href="javascript:top.hacked=1">x</math>
<body onload=top.hacked=1>
<body onpageshow=alert(1)>
<input autofocus onfocus=top.hacked=1>
<select autofocus onfocus=top.hacked=1>
<textarea autofocus onfocus=top.hacked=1>
<video><source onerror=top.hacked=1></video>
<video src=x onerror=top.hacked=1></video>
<audio src=x onerror=top.hacked=1></audio>
<details open ontoggle=top.hacked=1>
<marquee onstart=top.hacked=1>x</marquee>
<div onpointerenter=top.hacked=1 style="position:fixed;inset:0;z-index:99999">x</div>
<x contenteditable onblur=top.hacked=1>x</x>
<style>@keyframes x{}</style><x style="animation-name:x" onanimationstart=top.hacked=1></x>
<iframe src="javascript:top.hacked=1"></iframe>
<iframe srcdoc="<script>top.hacked=1</script>"></iframe>
<iframe onload=top.hacked=1></iframe>
<object data="javascript:top.hacked=1"></object>
<object data="data:text/html,<script>alert(1)</script>"></object>
<embed src="javascript:top.hacked=1">
<embed src="data:text/html,<script>alert(1)</script>">
<a href="javascript:top.hacked=1" id=hacked>x</a>
<form action="javascript:top.hacked=1"><button>x</button></form>
<button formaction="javascript:top.hacked=1">x</button>
<isindex type=image src=1 onerror=top.hacked=1>
<base href="https://example.org/">
<meta http-equiv=refresh content="0;url=https://example.org/">
<link rel=stylesheet href="data:text/css,*{display:none}">
<style>*{display:none}</style>
<div style="background:url(javascript:top.hacked=1)">x</div>
<form id=hacked name=body><input name=attributes></form>
<template shadowrootmode=open><img src=x onerror=top.hacked=1></template>
<noscript><p title="</noscript><img src=x onerror=top.hacked=1>">
&lt;img src=x onerror=top.hacked=1&gt;
&#60;img src=x onerror=top.hacked=1&#62;
&amp;lt;script&amp;gt;top.hacked=1&amp;lt;/script&amp;gt;
%3Cscript%3Etop.hacked=1%3C/script%3E
\\u003cscript\\u003etop.hacked=1\\u003c/script\\u003e
[x](javascript:top.hacked=1)
![x](x"onerror="top.hacked=1)
<javascript:top.hacked=1>
[x]: javascript:top.hacked=1 "x"
$$\\href{javascript:top.hacked=1}{x}$$
`<img src=x onerror=top.hacked=1>`
{{constructor.constructor('top.hacked=1')()}}
{{{record.fields.question}}}
${top.hacked=1}
javascript:/*--></title></style></textarea></script><svg/onload='top.hacked=1'>
www.example.org/"><i>x</i> a@example.org<i>
<b>bold</b> & AT&T *stars* _under_ &copy; ~~x~~ | a # b
<!-- <img src=x onerror=top.hacked=1>
<plaintext>
""".strip().split("\n")
EVERYTHING = "\n".join(PAYLOADS)
EDIT_BOX = "[aria-label='Question: improved'] [contenteditable]"
Annotator = Callable[[str], tuple[Account, Connection]]


def groups(length: int) -> Iterator[str]:
    """All payloads, joined to texts of about `length` characters at most."""
    group = ""
    for payload in PAYLOADS:
        if group and len(group) + 1 + len(payload) > length:
            yield group
            group = ""
        group += (" " if group else "") + payload
    yield group


@dataclass
class WatchedPage:
    """A page that ignores the server's Content-Security-Policy, and the dialogs it opened."""

    page: Page
    dialogs: list[str] = field(default_factory=list)

    def check_quiet(self) -> None:
        """Check that no script ran, and nothing navigated, opened a frame or left an element."""
        self.page.wait_for_timeout(200)
        assert self.dialogs == []
        assert self.page.title() == "Argilla"
        assert [frame.evaluate("window.hacked") for frame in self.page.frames] == [None]
        assert self.page.evaluate("document.querySelectorAll('#hacked').length") == 0

    def field_texts(self) -> set[str]:
        """The text in the box of each field."""
        content = "[id^=fields-content-] > div, [id^=fields-content-] > p"
        fields = self.page.locator(".text_field_component").all()
        return {text_of(field.locator(content).first) for field in fields}


def text_of(box: Locator) -> str:
    """A box's text; the box must hold nothing else, and show line breaks."""
    assert box.locator("*").count() == 0, box.inner_html()
    assert box.evaluate("e => getComputedStyle(e).whiteSpace").startswith("pre")
    return box.text_content() or ""


@pytest.fixture
def watched(browser: Browser, owner: Connection) -> Iterator[WatchedPage]:
    context = browser.new_context(viewport={"width": 1500, "height": 950}, bypass_csp=True)
    watched = WatchedPage(context.new_page())
    watched.page.set_default_timeout(90_000)

    def dismiss(dialog: object) -> None:
        watched.dialogs.append(dialog.message)  # type: ignore[attr-defined]
        dialog.dismiss()  # type: ignore[attr-defined]

    watched.page.on("dialog", dismiss)
    ours = (owner.url, "data:", "blob:")
    watched.page.route(
        "**/*",
        lambda route: route.continue_() if route.request.url.startswith(ours) else route.abort(),
    )
    yield watched
    context.close()


def hostile() -> CandidateItem:
    """A candidate with every payload in each of its texts and metadata."""
    item = conversation(EVERYTHING, f"question {EVERYTHING}", f"passage {EVERYTHING}")
    assert item.passage is not None
    return replace(
        item,
        candidate=replace(item.candidate, reference=f"reference {EVERYTHING}"),
        passage=replace(item.passage, section=PAYLOADS[0]),
        article=replace(ARTICLE, title=PAYLOADS[10]),
        suggestions=(Suggestion("tone", PAYLOADS[11], 0.7, "measure"),),
    )


def test_scripts_in_a_candidate_are_shown_as_written(
    watched: WatchedPage, owner: Connection, annotator: Annotator
) -> None:
    assert len(PAYLOADS) >= 60
    settings = adjudication_settings(TONE)
    item = replace(hostile(), earlier_answers=f"said {EVERYTHING}")
    assert push_candidates(owner, "hostile", [item], settings) == PushCount(1, 0)
    assert push_candidates(owner, "hostile", [item], settings) == PushCount(0, 1)
    account, _ = annotator("reader")
    page = watched.page
    log_in(page, owner, account)
    open_dataset(page, owner, "hostile")
    watched.check_quiet()
    names = ("question", "reference", "passage", "said")
    assert watched.field_texts() == {EVERYTHING} | {f"{name} {EVERYTHING}" for name in names}
    assert text_of(page.locator(EDIT_BOX)) == EVERYTHING

    page.locator(".record-menu__header").first.click()
    page.get_by_text("View metadata").click()
    page.locator(".table-info__value").first.wait_for()
    values = {
        (value.text_content() or "").strip() for value in page.locator(".table-info__value").all()
    }
    assert {PAYLOADS[0], PAYLOADS[10]} <= values
    watched.check_quiet()
    page.goto(page.url.split("?")[0])
    page.get_by_text("Filters", exact=True).click()
    page.get_by_text("Metadata", exact=True).first.click()
    page.get_by_text("Article", exact=True).last.click()
    page.get_by_text(PAYLOADS[10], exact=True).last.wait_for()
    watched.check_quiet()


def test_scripts_in_a_dialogue_and_a_comparison_are_shown_as_written(
    watched: WatchedPage, owner: Connection, annotator: Annotator
) -> None:
    push_candidates(owner, "turns", [dialogue(*PAYLOADS)], PERSONA)
    account, _ = annotator("listener")
    page = watched.page
    log_in(page, owner, account)
    with connect(owner) as server:
        path = f"{owner.url}/dataset/{find_dataset(server, 'turns').id}/annotation-mode"
    page.goto(path)
    page.locator(".chat__bubble").first.wait_for()
    watched.check_quiet()
    bubbles = page.locator(".chat__bubble > span").all()
    assert [bubble.text_content() for bubble in bubbles] == PAYLOADS
    assert all(bubble.locator("*").count() == 0 for bubble in bubbles)

    items = [comparison(f"left {EVERYTHING}", f"right {EVERYTHING}", f"prompt {EVERYTHING}")]
    push_comparisons(owner, "sides", items, TONE)
    assert push_comparisons(owner, "sides", items, TONE) == PushCount(0, 1)
    open_dataset(page, owner, "sides")
    watched.check_quiet()
    expected = {f"{name} {EVERYTHING}" for name in ("left", "right", "prompt")}
    assert expected <= watched.field_texts()


def test_the_policy_stops_scripts_in_texts_that_are_not_escaped(
    watched: WatchedPage,
    page: Page,
    owner: Connection,
    annotator: Annotator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("annotation.push.escape_html", lambda text, *_: text)
    scripts = [payload for payload in PAYLOADS if "top.hacked=1" in payload]
    push_candidates(owner, "raw", [dialogue(*scripts)], PERSONA)
    account, _ = annotator("tester")
    with connect(owner) as server:
        path = f"{owner.url}/dataset/{find_dataset(server, 'raw').id}/annotation-mode"
    for one, hacked in ((watched.page, True), (page, False)):
        log_in(one, owner, account)
        one.goto(path)
        one.locator(".chat__bubble img").first.wait_for(state="attached")
        one.wait_for_timeout(500)
        assert one.evaluate("window.hacked === 1") == hacked


def test_scripts_in_titles_descriptions_and_guidelines_are_shown_as_written(
    watched: WatchedPage, owner: Connection, annotator: Annotator
) -> None:
    account, _ = annotator("asker")
    log_in(watched.page, owner, account)
    for number, group in enumerate(groups(310)):
        settings = ReviewSettings(
            subject=f"subject {group}",
            description=f"description {group}",
            scale_question=f"scale {group}",
            scale=(ScalePoint(1, "first"), ScalePoint(2, f"point {group}", f"example {group}")),
            style_rules=(StyleRule(f"do {group}", f"before {group}", f"after {group}"),),
            traits=(TraitLabel(f"calm {PAYLOADS[number]}", f"meaning {group}"),),
            basis=Basis.NOTHING,
        )
        push_candidates(owner, f"asked-{number}", [statement("Hello there.")], settings)
        check_settings(watched, owner, f"asked-{number}", group)


def check_settings(watched: WatchedPage, owner: Connection, dataset: str, group: str) -> None:
    page = watched.page
    open_dataset(page, owner, dataset)
    titles = [t.text_content() or "" for t in page.locator(".title-area.--body1").all()]
    assert any(f"scale {group}" in " ".join(title.split()) for title in titles), titles
    texts = []
    for icon in page.locator(".icon-info").all():
        tooltip = page.locator(".fixed-tooltip__content > span").last
        for _ in range(20):  # a click toggles, and the page may not listen yet
            icon.click(force=True)
            watched.check_quiet()
            if tooltip.is_visible():
                break
        assert tooltip.locator("*").count() == 0
        texts.append(tooltip.text_content() or "")
    assert any(f"point {group}" in text for text in texts), texts
    assert any(f"meaning {group}" in text for text in texts), texts
    page.get_by_text("Guidelines", exact=False).first.click()
    guidelines = page.locator(".markdown-render").first
    expect(guidelines).to_be_visible()
    watched.check_quiet()
    text = " ".join((guidelines.text_content() or "").split())
    plain = " ".join(group.split())
    for name in ("subject", "description", "do", "before", "after", "example", "meaning"):
        assert f"{name} {plain}" in text
    tags = guidelines.evaluate("e => [...e.querySelectorAll('*')].map(x => x.tagName)")
    assert set(tags) <= {
        "H1",
        "H2",
        "P",
        "UL",
        "OL",
        "LI",
        "STRONG",
        "EM",
        "CODE",
        "BLOCKQUOTE",
        "BR",
        "HR",
    }, tags


def test_scripts_in_answers_and_users_are_shown_as_written(
    watched: WatchedPage, owner: Connection, annotator: Annotator
) -> None:
    item = conversation()
    push_candidates(owner, "answered", [item], TONE)
    account, connection = annotator("writer")
    values = {"decision": "approve", "faithful": "yes", "natural": "yes", "tone": 4}
    review = Review(
        subject=item.candidate.id,
        reviewer="",
        reviewer_kind=ReviewerKind.PERSON,
        status=ReviewStatus.SUBMITTED,
        edited=EVERYTHING,
        answers=tuple(Answer(name, value) for name, value in values.items()),  # type: ignore[arg-type]
    )
    submit(connection, "answered", [review])
    assert submit(connection, "answered", [review]) == 0
    assert [review.edited for review in pull(owner, "answered")] == [EVERYTHING]
    with connect(owner) as server:
        users = {user["username"]: user["id"] for user in server.get("users")["items"]}
        server.patch(
            f"users/{users[account.name]}",
            {"first_name": PAYLOADS[0] + PAYLOADS[10], "last_name": PAYLOADS[19]},
        )
    page = watched.page
    log_in(page, owner, account)
    open_dataset(page, owner, "answered", "?status=submitted")
    watched.check_quiet()
    assert text_of(page.locator(EDIT_BOX)) == EVERYTHING
    page.goto(f"{owner.url}/user-settings")
    page.get_by_text(account.name).first.wait_for()
    watched.check_quiet()


@pytest.mark.parametrize("name", ["<b>x</b>", "<img src=x onerror=alert(1)>", "&lt;b&gt;", "a&amp"])
def test_names_with_html_are_rejected(owner: Connection, name: str) -> None:
    with pytest.raises(AnnotationError, match="contains HTML"):
        add_user(owner, name)
    with pytest.raises(AnnotationError, match="contains HTML"):
        add_workspace(replace(owner, workspace=name))
    with pytest.raises(AnnotationError, match="contains HTML"):
        push_candidates(owner, name, [], TONE)


def test_a_dataset_pushed_with_raw_text_is_corrected(
    owner: Connection, annotator: Annotator, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = conversation("It's <b>35</b> & AT&T &amp; minutes.")
    settings = replace(TONE, scale=(ScalePoint(1, "a<b"), ScalePoint(2, "c&d")))
    with monkeypatch.context() as patch:
        for module in ("push", "argilla.questions"):
            patch.setattr(f"annotation.{module}.escape_html", lambda text, *_: text)
        push_candidates(owner, "old", [item], settings)
    assert push_candidates(owner, "old", [item], settings) == PushCount(0, 0, 1)
    assert push_candidates(owner, "old", [item], settings) == PushCount(0, 1)
    with connect(owner) as server:
        dataset = find_dataset(server, "old")
        (record,) = server.get(f"datasets/{dataset.id}/records")["items"]
        questions = server.get(f"datasets/{dataset.id}/questions")["items"]
    assert "&lt;b&gt;35&lt;/b&gt; &amp; AT&amp;T &amp;amp; min" in record["fields"]["candidate"]
    descriptions = {question["name"]: question["description"] for question in questions}
    assert descriptions["tone"] == "1 a&lt;b · 2 c&amp;d"


def test_spans_and_edits_of_escaped_text_come_back(
    watched: WatchedPage, owner: Connection, annotator: Annotator
) -> None:
    text = "🙂 <b>25</b> & AT&T &lt; minutes, so you'll be over there quick."
    item = conversation(text)
    push_candidates(owner, "spans", [item], TONE)
    account, _ = annotator("marker")
    page = watched.page
    log_in(page, owner, account)
    open_dataset(page, owner, "spans")
    choose(page, "tone", "2")
    choose(page, "natural", "no")
    choose(page, "faithful", "partly")
    page.locator("label[for='wrong-2dcontradicted']").click()
    drag_over(page, "over there")
    choose(page, "decision", "approve")
    send(page)
    (review,) = pull(owner, "spans")
    assert review.edited is None
    spans = review.answer("wrong")
    assert isinstance(spans, tuple)
    words = {text[span.start : span.end]: span.label for span in spans if isinstance(span, Span)}
    assert words == {"over there": "contradicted"}


def test_words_of_escaped_text_are_found(owner: Connection) -> None:
    items = [conversation("Call AT&T <b>now</b>, amply."), conversation("Nothing here.")]
    push_candidates(owner, "words", items, TONE)
    with connect(owner) as server:
        dataset = find_dataset(server, "words").id

        def count(query: str) -> int:
            body = {"query": {"text": {"q": query}}}
            return len(server.post(f"datasets/{dataset}/records/search", body)["items"])

        assert [count(query) for query in ("AT&T", "now</b>", '"AT&T <b>now"')] == [1, 1, 1]
        assert [count(query) for query in ("amp", "lt")] == [0, 0]
