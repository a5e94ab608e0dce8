"""No other installed distribution owns one of our top-level package names."""

from importlib.metadata import packages_distributions


def test_no_other_distribution_owns_our_package_names() -> None:
    owners = packages_distributions()
    names = ("timbre", "studies", "pipelines", "annotation", "trainer", "evaluation", "db")
    assert {name: set(owners.get(name, [])) - {"timbre"} for name in names} == {
        name: set() for name in names
    }
