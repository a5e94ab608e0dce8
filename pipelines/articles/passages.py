"""Passages: stretches of whole sentences, long enough to ask about and short enough to answer."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from db.records import Passage, Rejection
from pipelines.articles.page import SourceArticle
from pipelines.articles.plain_text import plain_sections
from pipelines.sentences import sentences
from pipelines.wikipedia.wikitext.formulas import FORMULA
from pipelines.wikipedia.wikitext.sections import Section, sections
from pipelines.wikipedia.wikitext.templates import HOLE, HOLE_END


@dataclass(frozen=True, slots=True)
class PassageConfig:
    """How long passages are, in words; for Chinese and Japanese two characters count as a word."""

    minimum_words: int = 40  # shorter paragraphs are joined with the next one of their section
    maximum_words: int = 150  # longer ones are cut between sentences, into even parts

    def __post_init__(self) -> None:
        """Refuse a minimum that even parts of a long paragraph could fall under."""
        if not 0 < self.minimum_words * 2 <= self.maximum_words:
            raise ValueError(
                f"found passages of {self.minimum_words} to {self.maximum_words} words, expected "
                "a maximum of at least twice the minimum, and a minimum above 0"
            )


_ROOM = 0.9
_END = re.compile(r"[.!?…。！？][\"”’»」』)\]]*\Z")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_MARKUP = re.compile(
    r"\{\{|\}\}|\[\[|\]\]|\{\||\|\}|''|<[a-zA-Z/!][^<>]*>|&[a-z]+;|https?://|={2,}|\bformula_\d"
    r"|(?<=\w)=\"|\|\w+="
)
_SIGNS_OF_MARKUP = ("{", "}", "[[", "]]", "''", "<", "&", "://", "==", '="', "|", "formula_")
# What a left-out template leaves: an empty bracket, points or quotes with nothing between, an
# article without its noun, a beginning in the middle of a sentence. The pattern begins with the
# signs that all of these begin with, which are searched for fast.
_GAP = re.compile(
    r"[(\[.,;\"“](?:(?<=\()(?:$|[\s,;:)–])|(?<=\[) ?\]|(?<=\")\"|(?<=“)”"
    r"|(?:(?<= the[.,;])|(?<= per[.,;])|(?<= [.,;]))(?=\s|$))"
)
_MIDDLE = re.compile(r"(?!(?:de|von|van|al|ibn|bin|le|la|du|da|ad|zu|der)\b)[a-zа-я]+[\s,]")


def passages(
    page: SourceArticle, config: PassageConfig | None = None
) -> Iterator[Passage | Rejection]:
    """The passages of an article in order, and a refusal for each stretch that is not one.

    A stretch is refused where it is too short, where a formula or a template could not be put
    into words, or where markup is left. Tables, lists and notes are no stretches of prose and
    leave nothing. An article without any passage leaves a refusal that says so.
    """
    config = config or PassageConfig()
    article = page.article.id
    found = sections(page.text) if page.markup else plain_sections(page.text, page.article.title)
    position = refused = 0
    for section in found:
        for text in _stretches(section, config):
            reason = _why_not(text, config)
            if reason is None:
                yield Passage(article=article, section=section.title, position=position, text=text)
                position += 1
            else:
                refused += 1
                yield _refusal(page, f"stretch {position + refused}", reason, text)
    if not position:
        yield _refusal(page, "whole article", ("no passage", f"{refused} stretches"), "")


def _stretches(section: Section, config: PassageConfig) -> Iterator[str]:
    """Paragraphs of a section, short ones joined to the next and long ones cut."""
    held, held_words = "", 0
    for paragraph in section.paragraphs:
        text = _whole_sentences(paragraph)
        words = count_words(text)
        if not words:
            continue
        if held and (
            held_words >= config.minimum_words or held_words + words > config.maximum_words
        ):
            yield from _cut(held, held_words, config)
            held, held_words = "", 0
        held, held_words = f"{held}\n{text}".strip(), held_words + words
    if held:
        yield from _cut(held, held_words, config)


def _whole_sentences(paragraph: str) -> str:
    """A paragraph up to its last whole sentence; one that leads to a list (`…:`) is not whole."""
    if _END.search(paragraph):
        return paragraph
    parts = sentences(paragraph)
    while parts and not _END.search(parts[-1]):
        parts.pop()
    return " ".join(parts)


def _cut(text: str, words: int, config: PassageConfig) -> Iterator[str]:
    """A stretch in parts of about the same length, none over the maximum where sentences allow."""
    if words <= config.maximum_words:
        yield text
        return
    part, length, goal = "", 0, _even_part(words, config)
    for sentence in sentences(text):
        count = count_words(sentence)
        if part and (length + count > config.maximum_words or length + count / 2 > goal):
            yield part
            words -= length
            part, length, goal = "", 0, _even_part(words, config)
        part, length = f"{part} {sentence}".strip(), length + count
    yield part


def _even_part(words: int, config: PassageConfig) -> float:
    """How long even parts are that leave room for a sentence to end."""
    return words / (words // (_ROOM * config.maximum_words) + 1)


def count_words(text: str) -> int:
    """Words of a single-spaced text; two Chinese or Japanese characters count as one."""
    words = text.count(" ") + text.count("\n") + bool(text)
    return words if text.isascii() else words + len(_CJK.findall(text)) // 2


def _why_not(text: str, config: PassageConfig) -> tuple[str, str] | None:
    if FORMULA in text:
        return "formula", ""
    if HOLE in text:
        return "unknown template", text.split(HOLE, 1)[1].split(HOLE_END, 1)[0]
    words = count_words(text)
    if words < config.minimum_words:
        return "too short", f"{words} words, expected {config.minimum_words} or more"
    if words > 2 * config.maximum_words:
        return "too long", f"{words} words in one sentence, expected {config.maximum_words}"
    return _flaw(text)


def _flaw(text: str) -> tuple[str, str] | None:
    suspected = any(sign in text for sign in _SIGNS_OF_MARKUP)
    if suspected and (match := _MARKUP.search(text)):
        return "markup left", match.group()
    if match := _MIDDLE.match(text) or _GAP.search(text):
        return "gap in the text", match.group().strip()
    return None


def _refusal(page: SourceArticle, where: str, reason: tuple[str, str], text: str) -> Rejection:
    clear = text.replace(FORMULA, "[formula]").replace(HOLE, "{{").replace(HOLE_END, "}}")
    return Rejection(
        scope=page.article.source,
        stage="passages",
        subject=page.article.id,
        reason=reason[0],
        detail=f"{where}: {reason[1]}" if reason[1] else where,
        text=clear,
    )
