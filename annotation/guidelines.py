"""The guidelines people read before they judge, rendered from versioned files."""

from pathlib import Path

import jinja2

from annotation.errors import AnnotationError
from annotation.html_text import escape_markdown
from annotation.review_settings import ReviewSettings

LONGEST = 10_000
_PROSE = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "prose"),
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    autoescape=False,  # noqa: S701 - the result is Markdown, for which `finalize` escapes
    finalize=escape_markdown,
)


def candidate_guidelines(settings: ReviewSettings) -> str:
    """How to judge a candidate, for somebody who does it for the first time, in Markdown."""
    return _render("candidates.v2.jinja", settings)


def comparison_guidelines(settings: ReviewSettings) -> str:
    """How to choose between two answers, for somebody who does it for the first time."""
    return _render("comparisons.v3.jinja", settings)


def _render(name: str, settings: ReviewSettings) -> str:
    text = _PROSE.get_template(name).render(s=settings).strip() + "\n"
    if len(text) > LONGEST:
        raise AnnotationError(
            f"found guidelines of {len(text)} characters for “{settings.subject}”, expected at "
            f"most {LONGEST}, which is what Argilla takes; shorten the description, the scale's "
            "examples or the guidelines in its file"
        )
    return text
