"""Parse template calls: `{{name|value|key=value}}`."""

from dataclasses import dataclass, field

from pipelines.wikipedia.templates.wiki import template_name


@dataclass(frozen=True, slots=True)
class TemplateCall:
    """A template call: the template's normalised name, and the positional and named arguments."""

    name: str
    values: list[str] = field(default_factory=list)
    named: dict[str, str] = field(default_factory=dict)
    _read: set[str] = field(default_factory=set)

    def value(self, index: int) -> str:
        """Return the argument at a zero-based index, even if it's passed as `N=`.

        A missing argument is returned as an empty string.
        """
        if index < len(self.values):
            return self.values[index]
        return self.named.get(str(index + 1), "")

    def option(self, name: str) -> str:
        """Return a named argument, or an empty string if it's missing."""
        self._read.add(name)
        return self.named.get(name, "")

    def unread(self) -> set[str]:
        """The named arguments that no rule has read so far, without empty ones."""
        names = {key for key, value in self.named.items() if value and not key.isdecimal()}
        return names - self._read

    @property
    def count(self) -> int:
        """The number of positional arguments, up to 100."""
        numbers = (int(key) for key in self.named if key.isdecimal() and len(key) < 3)
        return min(max([len(self.values), *numbers]), 100)

    def filled(self) -> list[str]:
        """The positional arguments that aren't empty."""
        return [value for index in range(self.count) if (value := self.value(index))]


def parse_call(inner: str) -> TemplateCall:
    """Parse the content of `{{…}}`, in which nested templates and links are already rendered."""
    name, *parts = inner.split("|")
    values: list[str] = []
    named: dict[str, str] = {}
    for part in parts:
        key, equals, value = part.partition("=")
        if equals and "<" not in key:  # The tag of an extension can contain an equals sign.
            named[key.strip().lower()] = value.strip()
        else:
            values.append(part.strip())
    return TemplateCall(template_name(name), values, named)
