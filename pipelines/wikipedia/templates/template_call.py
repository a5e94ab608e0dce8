"""Parse template calls: `{{name|value|key=value}}`."""

from dataclasses import dataclass, field

from pipelines.wikipedia.templates.wiki import template_name


@dataclass(frozen=True, slots=True)
class TemplateCall:
    """A template call: the template's normalised name, and the positional and named arguments."""

    name: str
    values: list[str] = field(default_factory=list)
    named: dict[str, str] = field(default_factory=dict)

    def value(self, index: int) -> str:
        """Return the argument at a zero-based index, even if it's passed as `N=`.

        A missing argument is returned as an empty string.
        """
        if index < len(self.values):
            return self.values[index]
        return self.named.get(str(index + 1), "")

    def filled(self) -> list[str]:
        """The positional arguments that aren't empty."""
        count = max([len(self.values), *(int(key) for key in self.named if key.isdecimal())])
        return [value for index in range(min(count, 100)) if (value := self.value(index))]


def parse_call(inner: str) -> TemplateCall:
    """Parse the content of `{{…}}`, in which nested templates and links are already rendered."""
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
