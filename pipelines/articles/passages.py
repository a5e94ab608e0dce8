"""Split articles into passages, each of which consists of a few sentences to rewrite together."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from db.records import Passage, Rejection
from pipelines.articles.gaps import mark_gaps
from pipelines.articles.plain_text import parse_plain_text
from pipelines.articles.source_page import Reason, SourcePage
from pipelines.text.sentences import STOPS, WIDE_STOPS, split_sentences
from pipelines.wikipedia.wikitext.markers import (
    FORMULA,
    HOLE,
    HOLE_END,
    QUOTATION_END,
    TIE,
    show_quotations,
)
from pipelines.wikipedia.wikitext.sections import Section, parse_wikitext


@dataclass(frozen=True, slots=True)
class PassageConfig:
    """The length limits of a passage in words.

    Two Chinese or Japanese characters count as one word.
    """

    minimum_words: int = 40  # Shorter paragraphs are merged with the next paragraph in the section.
    maximum_words: int = (
        150  # Longer paragraphs are split between sentences into parts of similar length.
    )

    def __post_init__(self) -> None:
        """Raise an error if a split paragraph could produce parts that are too short."""
        if not 0 < self.minimum_words * 2 <= self.maximum_words:
            raise ValueError(
                f"Passages can't have {self.minimum_words} to {self.maximum_words} words. Set "
                "minimum_words above 0, and maximum_words to at least twice minimum_words."
            )


_HEADROOM = 0.9
_FEWEST_WORDS_IN_DOCUMENT = 12  # an answer in a list of questions and answers is that short
_END = re.compile(rf"[{STOPS}{WIDE_STOPS}][\"”’»」』)\]]*\Z|{QUOTATION_END}\Z")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_MARKUP = re.compile(
    r"\{\{|\}\}|-\{|\}-|\[\[|\]\]|\{\||\|\}|''|<[a-zA-Z/!][^<>]*>|&[a-z]+;|https?://|={2,}|\bformula_\d"
    r"|(?<=\w)=\"|\|\w+="
)
_MARKUP_SIGNS = ("{", "}", "[[", "]]", "''", "<", "&", "://", "==", '="', "|", "formula_")
# Traces of a removed template: empty brackets or quotes, punctuation with nothing before it, or an
# article without its noun. The pattern starts with a character class, which is fast to search for.
_GAP = re.compile(
    r"[(\[.,;\"“](?:(?<=\()(?:$|[\s,;:)–])|(?<=\[) ?\]|(?<=\")\"|(?<=“)”"
    r"|(?:(?<= the[.,;])|(?<= per[.,;])|(?<= [.,;]))(?=\s|$))"
)
# A text that starts in the middle of a sentence.
_MIDDLE = re.compile(r"(?!(?:de|von|van|al|ibn|bin|le|la|du|da|ad|zu|der)\b)[a-zа-я]+[\s,]")


def split_passages(
    page: SourcePage, article: str, config: PassageConfig | None = None
) -> Iterator[Passage | Rejection]:
    """Yield the passages of an article, and a rejection for each unusable stretch of text.

    A stretch of text is rejected if it is too short, contains a formula or template that can't be
    written as text, or still contains markup. Tables, lists and notes aren't prose, so they are
    skipped without a rejection. An article without passages gets an additional rejection. `article`
    is the id of the article record.
    """
    config = config or PassageConfig()
    sections = _parse(page)
    # Rejected stretches have positions too, so that a passage keeps its id when another version of
    # Timbre rejects an earlier stretch.
    position = rejected = 0
    for section in sections:
        for stretch in _stretches(section, config):
            text = show_quotations(stretch)
            reason = _rejection_reason(text, config, page)
            if reason is None:
                yield Passage(article=article, section=section.title, position=position, text=text)
            else:
                rejected += 1
                where = f"stretch {position + 1}"
                detail = f"{where}: {reason.detail}" if reason.detail else where
                yield _reject(page, article, Reason(reason.code, detail), text)
            position += 1
    if rejected == position:
        reason = Reason("no passage", f"whole article: {rejected} stretches")
        yield _reject(page, article, reason, "")


def _parse(page: SourcePage) -> list[Section]:
    language = page.site.language
    if page.is_wikitext:
        return parse_wikitext(page.text, language, page.title, page.site.hidden)
    # In plain text that isn't from a document, templates were removed.
    text = page.text if page.is_document else mark_gaps(page.text, language)
    return parse_plain_text(text, language, page.title, page.is_document)


def _stretches(section: Section, config: PassageConfig) -> Iterator[str]:
    """Merge short paragraphs of a section with the paragraph that follows, and split long ones."""
    pending, pending_words = "", 0
    for paragraph in section.paragraphs:
        text = _whole_sentences(paragraph)
        words = count_words(text)
        if not words:
            continue
        is_long_enough = pending_words >= config.minimum_words or _MIDDLE.match(text)
        if pending and (is_long_enough or pending_words + words > config.maximum_words):
            yield from _cut(pending, pending_words, config)
            pending, pending_words = "", 0
        pending, pending_words = f"{pending}\n{text}".strip(), pending_words + words
    if pending:
        yield from _cut(pending, pending_words, config)


def _whole_sentences(paragraph: str) -> str:
    """Remove an incomplete last sentence, such as a list introduction (`…:`), from a paragraph."""
    if _END.search(paragraph):
        return paragraph
    parts = split_sentences(paragraph)
    while parts and not _END.search(parts[-1]):
        parts.pop()
    return " ".join(parts)


def _cut(text: str, words: int, config: PassageConfig) -> Iterator[str]:
    """Split a text into parts of similar length.

    Only a single long sentence can make a part longer than the maximum.
    """
    if words <= config.maximum_words:
        yield text
        return
    part, length, goal = "", 0, _even_length(words, config)
    for sentence in split_sentences(text):
        count = count_words(sentence)
        if part and (length + count > config.maximum_words or length + count / 2 > goal):
            yield part
            words -= length
            part, length, goal = "", 0, _even_length(words, config)
        part, length = f"{part} {sentence}".strip(), length + count
    yield part


def _even_length(words: int, config: PassageConfig) -> float:
    """Return the target length of each part, with headroom for one more sentence."""
    return words / (words // (_HEADROOM * config.maximum_words) + 1)


def count_words(text: str) -> int:
    """Count the words of a single-spaced text; two Chinese or Japanese characters count as one."""
    words = text.count(" ") + text.count(TIE) + text.count("\n") + bool(text)
    return words if text.isascii() else words + len(_CJK.findall(text)) // 2


def _rejection_reason(text: str, config: PassageConfig, page: SourcePage) -> Reason | None:
    if FORMULA in text:
        return Reason("formula")
    if HOLE in text:
        code = "unknown template" if page.is_wikitext else "gap in the text"
        return Reason(code, text.split(HOLE, 1)[1].split(HOLE_END, 1)[0])
    words = count_words(text)
    fewest = config.minimum_words
    fewest = min(fewest, _FEWEST_WORDS_IN_DOCUMENT) if page.is_document else fewest
    if words < fewest:
        return Reason("too short", f"{words} words, expected {fewest} or more")
    if words > 2 * config.maximum_words:
        return Reason("too long", f"{words} words in one sentence, expected {config.maximum_words}")
    # Most texts contain none of these characters, and checking for them is faster than the pattern.
    if any(sign in text for sign in _MARKUP_SIGNS) and (match := _MARKUP.search(text)):
        return Reason("markup left", match.group())
    # French puts a space before semicolons.
    joined = text.replace(" ;", ";") if page.site.language == "fr" else text
    if match := _MIDDLE.match(text) or _GAP.search(joined):
        return Reason("gap in the text", match.group().strip())
    return None


def _reject(page: SourcePage, article: str, reason: Reason, text: str) -> Rejection:
    readable = text.replace(FORMULA, "[formula]").replace(HOLE, "{{").replace(HOLE_END, "}}")
    return Rejection(
        scope=page.site.source,
        stage="passages",
        subject=article,
        reason=reason.code,
        detail=reason.detail,
        text=readable,
    )
