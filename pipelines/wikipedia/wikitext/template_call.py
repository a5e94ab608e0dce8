"""What a template is called with."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Arguments:
    """A template's name (lower case, single spaces), its arguments in order and by name."""

    name: str
    values: list[str] = field(default_factory=list)
    named: dict[str, str] = field(default_factory=dict)

    def value(self, index: int) -> str:
        """The argument at an index counted from 0, or given as `N=`; empty where there is none."""
        if index < len(self.values):
            return self.values[index]
        return self.named.get(str(index + 1), "")

    def given(self) -> list[str]:
        """The arguments in order, without the empty ones."""
        return [value for value in self.values if value]


def parse(inner: str) -> Arguments:
    """Read what stands between `{{` and `}}`; nothing in it is nested any more."""
    name, *parts = inner.split("|")
    values: list[str] = []
    named: dict[str, str] = {}
    for part in parts:
        key, equals, value = part.partition("=")
        if equals and _is_a_name(key):
            named[key.strip().lower()] = value.strip()
        else:
            values.append(part.strip())
    return Arguments(" ".join(name.replace("_", " ").split()).lower(), values, named)


def _is_a_name(key: str) -> bool:
    return len(key) < 40 and "<" not in key and "'" not in key and " " not in key.strip()
