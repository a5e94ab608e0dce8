"""Render the reviewer guidelines from versioned templates."""

from pathlib import Path

import jinja2

from annotation.argilla.html_text import escape_markdown
from annotation.errors import AnnotationError
from annotation.review_settings import ReviewSettings

MAX_LENGTH = 10_000
_TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "guideline_templates"),
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    autoescape=False,  # noqa: S701 - the result is Markdown, which `finalize` escapes
    finalize=escape_markdown,
)


def candidate_guidelines(settings: ReviewSettings) -> str:
    """Return Markdown guidelines for people who judge candidates for the first time."""
    return _render("candidates.v5.jinja", settings)


def comparison_guidelines(settings: ReviewSettings) -> str:
    """Return Markdown guidelines for people who compare two answers for the first time."""
    return _render("comparisons.v6.jinja", settings)


def _render(name: str, settings: ReviewSettings) -> str:
    text = _TEMPLATES.get_template(name).render(s=settings).strip() + "\n"
    if len(text) > MAX_LENGTH:
        raise AnnotationError(
            f"The guidelines of “{settings.subject}” have {len(text)} characters, but Argilla "
            f"accepts at most {MAX_LENGTH}. Shorten the description, the examples or the "
            "guidelines in the tone or persona file."
        )
    return text
