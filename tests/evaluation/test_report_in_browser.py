"""The report in a browser: nothing is loaded, clipped, unreadable or outside the page."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from evaluation.pages.report import ReportData, render_report
from tests.conftest import require
from tests.evaluation.samples import hostile_report, sample_report

LAYOUTS = [(1280, "light"), (480, "light"), (1280, "dark"), (480, "dark")]

# Text that is clipped, too small to read, or overlaps other text. The rim behind a value has its
# text too.
FAULTS = """() => {
  const faults = [];
  for (const svg of document.querySelectorAll('figure svg')) {
    const box = svg.getBoundingClientRect();
    if (!box.width) continue;
    const texts = [...svg.querySelectorAll('text')].filter(t => t.textContent.trim());
    if (texts.length < 4) faults.push(`${svg.closest('figure').id}: hardly any text`);
    const seen = [];
    for (const text of texts) {
      const b = text.getBoundingClientRect(), said = text.textContent;
      if (b.left < box.left - 1 || b.right > box.right + 1 || b.top < box.top - 1
          || b.bottom > box.bottom + 1) faults.push(`clipped: ${said}`);
      const scale = box.width / svg.viewBox.baseVal.width;
      const size = parseFloat(getComputedStyle(text).fontSize) * scale;
      if (size < 9) faults.push(`${size} px is too small: ${said}`);
      for (const [other, o] of seen) {
        const across = Math.min(b.right, o.right) - Math.max(b.left, o.left);
        const down = Math.min(b.bottom, o.bottom) - Math.max(b.top, o.top);
        if (across > 2 && down > 4 && other !== said) faults.push(`“${said}” on “${other}”`);
      }
      seen.push([said, b]);
    }
  }
  return faults;
}"""

# The lowest contrast (WCAG 2) between a text outside the charts and the page.
CONTRAST = """() => {
  const light = c => { const [r, g, b] = c.match(/[\\d.]+/g).map(v => {
    v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const page = light(getComputedStyle(document.body).backgroundColor);
  const ratios = [...document.querySelectorAll('p, td, th, dt, dd, a, h1, h2, small, figure text')]
    .filter(e => e.getBoundingClientRect().width && e.textContent.trim())
    .map(e => { const style = getComputedStyle(e);
      const ink = light(e.tagName === 'text' ? style.fill : style.color);
      return [(Math.max(page, ink) + .05) / (Math.min(page, ink) + .05), e]; })
    .filter(([, e]) => !(e.tagName === 'text' && getComputedStyle(e).fill
      === getComputedStyle(document.body).backgroundColor));
  return Math.min(...ratios.map(([ratio]) => ratio));
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    found = shutil.which("chromium")
    require(found, "needs Chromium (apt-get install chromium)")
    with sync_playwright() as player:
        opened = player.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("report")
    reports: dict[str, ReportData] = {"sample": sample_report(), "hostile": hostile_report()}
    for name, data in reports.items():
        (folder / f"{name}.html").write_text(render_report(data), encoding="utf-8")
    return {name: folder / f"{name}.html" for name in reports}


def opened(browser: Browser, path: Path, width: int, scheme: str) -> tuple[Page, list[str]]:
    """The page in a window, with its requests and console messages."""
    page = browser.new_page(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    noise: list[str] = []
    page.on("console", lambda message: noise.append(message.text))
    page.on("request", lambda request: noise.append(request.url))
    page.goto(path.as_uri())
    return page, [line for line in noise if line != path.as_uri()]


@pytest.mark.parametrize(("width", "scheme"), LAYOUTS)
def test_the_report_is_complete_and_readable(
    browser: Browser, pages: dict[str, Path], width: int, scheme: str
) -> None:
    page, noise = opened(browser, pages["sample"], width, scheme)
    assert noise == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(FAULTS) == []
    assert page.evaluate(CONTRAST) >= 4.5
    page.close()


@pytest.mark.parametrize("width", [1280, 480])
def test_hostile_text_does_not_break_the_layout(
    browser: Browser, pages: dict[str, Path], width: int
) -> None:
    page, noise = opened(browser, pages["hostile"], width, "light")
    assert noise == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()


def test_the_printed_report_unfolds_every_text(browser: Browser, pages: dict[str, Path]) -> None:
    page, _ = opened(browser, pages["sample"], 1280, "light")
    page.emulate_media(media="print")
    shown = "e => e.checkVisibility({contentVisibilityAuto: true}) && e.offsetHeight > 0"
    folded = page.locator("details:not([open]) pre, details:not([open]) .text").all()
    assert folded
    assert all(part.evaluate(shown) for part in folded)
    assert page.pdf(format="A4").startswith(b"%PDF")
    page.close()
