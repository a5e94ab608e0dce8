"""Resolve the language variants of the Chinese Wikipedia: `-{zh-hans:软件;zh-hant:軟體}-`.

See https://www.mediawiki.org/wiki/Writing_systems/Syntax. Each conversion rule is replaced with its
variant in the page's predominant script.
"""

import re

from pipelines.wikipedia.wikitext.markers import hole

_RULE = re.compile(r"-\{((?:(?!-\{|\}-).)*)\}-", re.DOTALL)
_FLAGS = re.compile(r"\s*([A-Z;]+|zh-[a-z]+(?:;\s*zh-[a-z]+)*)\s*\|")
_OPTION = re.compile(r"\s*(zh(?:-[a-z]+)?)\s*:(.*)\Z", re.DOTALL)
_SIMPLIFIED = ("zh-hans", "zh-cn", "zh-sg", "zh-my", "zh")
_TRADITIONAL = ("zh-hant", "zh-tw", "zh-hk", "zh-mo", "zh")
_MAX_DEPTH = 10  # as in MediaWiki
_HIDDEN_FLAGS = frozenset("HT-")
_SIMPLIFIED_ONLY = re.compile("[这国们来说对时个为会学东车长发见么马门问语后无业开关两与从当实点]")
_TRADITIONAL_ONLY = re.compile("[這國們來說對時個為會學東車長發見麼馬門問語後無業開關兩與從當實點]")


def convert_variants(text: str) -> str:
    """Replace each conversion rule with one of its variants, or with a marker if that fails."""
    if "-{" not in text:
        return text
    is_simplified = len(_SIMPLIFIED_ONLY.findall(text)) >= len(_TRADITIONAL_ONLY.findall(text))
    preferred = _SIMPLIFIED if is_simplified else _TRADITIONAL
    for _ in range(_MAX_DEPTH):
        before, text = text, _RULE.sub(lambda m: _choose(m.group(1), preferred), text)
        if text == before:
            break
    return text.replace("-{", hole("-{")) if "-{" in text else text


def _choose(rule: str, preferred: tuple[str, ...]) -> str:
    flags = _FLAGS.match(rule)
    content = rule[flags.end() :] if flags else rule
    names = set() if flags is None or flags[1].startswith("zh") else set(flags[1])
    if names & _HIDDEN_FLAGS:
        return ""
    if "R" in names:
        return content
    matches = [match for part in _parts(content) if (match := _OPTION.match(part))]
    options: dict[str, str] = {match[1]: match[2] for match in matches}
    if not options:
        return content if "=>" not in content else hole("-{")
    shown = next((options[variant] for variant in preferred if variant in options), None)
    return hole("-{") if shown is None else shown.strip()


def _parts(content: str) -> list[str]:
    """Split a conversion rule into its options.

    A semicolon that isn't followed by a language code is part of the text.
    """
    return re.split(r";(?=\s*zh(?:-[a-z]+)?\s*:|\s*\Z)", content)
