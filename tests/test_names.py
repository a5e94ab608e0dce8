"""No other installed distribution owns one of our top-level package names."""

from importlib.metadata import packages_distributions


def test_package_names_are_ours_alone() -> None:
    owners = packages_distributions()
    names = ("timbre", "studies", "pipelines", "annotation", "trainer", "evaluation", "db")
    assert {name: set(owners.get(name, [])) - {"timbre"} for name in names} == {
        name: set() for name in names
    }
