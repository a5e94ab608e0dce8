"""Steps that a reviewer takes in the web UI."""

from playwright.sync_api import Page

from annotation.argilla.accounts import Account
from annotation.argilla.connection import Connection, connect
from annotation.argilla.datasets import find_dataset

SUBMIT = "button.button--submit"
TEXT = "p.span-annotation__field"


def log_in(page: Page, owner: Connection, account: Account) -> None:
    page.goto(f"{owner.url}/sign-in")
    button = page.locator("button[type=submit]")
    # The page shows its form before its scripts react to typing.
    for _ in range(50):
        page.locator("input").first.fill("")
        page.locator("input").first.fill(account.name)
        page.locator("input[type=password]").fill(account.password)
        page.wait_for_timeout(200)
        if button.is_enabled():
            break
    button.click()
    page.wait_for_url(lambda url: "sign-in" not in url)


def open_dataset(page: Page, owner: Connection, dataset: str, query: str = "") -> None:
    with connect(owner) as server:
        found = find_dataset(server, dataset)
    page.goto(f"{owner.url}/dataset/{found.id}/annotation-mode{query}")
    page.locator(SUBMIT).wait_for()
    page.locator(".text_field_component").first.wait_for()


def choose(page: Page, question: str, value: str) -> None:
    page.locator(f"label[for='{question}_{value}']").click()


def drag_over(page: Page, words: str) -> None:
    """Select words of the text to judge with the mouse."""
    left, top, right, bottom = page.evaluate(
        """words => {
            const text = document.querySelector("p.span-annotation__field").firstChild;
            const range = document.createRange();
            const start = text.data.indexOf(words);
            range.setStart(text, start);
            range.setEnd(text, start + words.length);
            const box = range.getBoundingClientRect();
            return [box.left, box.top, box.right, box.bottom];
        }""",
        words,
    )
    height = (top + bottom) / 2
    page.mouse.move(left + 1, height)
    page.mouse.down()
    page.mouse.move((left + right) / 2, height)
    page.mouse.move(right - 1, height)
    page.mouse.up()


def rewrite(page: Page, text: str) -> None:
    page.locator("[aria-label='Question: improved'] [contenteditable]").click()
    page.keyboard.press("Control+A")
    page.keyboard.type(text)
    page.keyboard.press("Escape")


def send(page: Page) -> None:
    with page.expect_response(lambda r: "/responses" in r.url) as response:
        page.locator(SUBMIT).click()
    assert response.value.ok
