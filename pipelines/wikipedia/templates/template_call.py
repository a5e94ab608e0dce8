"""A template call: `{{name|value|key=value}}`."""

from dataclasses import dataclass, field

from pipelines.wikipedia.templates.wiki import template_name


@dataclass(frozen=True, slots=True)
class TemplateCall:
    """A template's name (lower case, single spaces), its arguments in order and by name."""

    name: str
    values: list[str] = field(default_factory=list)
    named: dict[str, str] = field(default_factory=dict)

    def value(self, index: int) -> str:
        """The argument at an index from 0, also if written as `N=`; empty if missing."""
        if index < len(self.values):
            return self.values[index]
        return self.named.get(str(index + 1), "")

    def filled(self) -> list[str]:
        """The arguments in order, without the empty ones."""
        count = max([len(self.values), *(int(key) for key in self.named if key.isdecimal())])
        return [value for index in range(min(count, 100)) if (value := self.value(index))]


def parse_call(inner: str) -> TemplateCall:
    """Parse the content of `{{…}}` after nested templates and links were rendered."""
    name, *parts = inner.split("|")
    values: list[str] = []
    named: dict[str, str] = {}
    for part in parts:
        key, equals, value = part.partition("=")
        if equals and _is_key(key):
            named[key.strip().lower()] = value.strip()
        else:
            values.append(part.strip())
    return TemplateCall(template_name(name), values, named)


def _is_key(text: str) -> bool:
    return len(text) < 40 and "<" not in text and "'" not in text and " " not in text.strip()
