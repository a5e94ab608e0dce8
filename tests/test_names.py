"""Our literal package names belong to no other installed distribution."""

from importlib.metadata import packages_distributions


def test_no_other_distribution_owns_one_of_our_package_names() -> None:
    owners = packages_distributions()
    names = ("timbre", "studies", "pipelines", "annotation", "trainer", "evaluation", "db")
    assert {name: set(owners.get(name, [])) - {"timbre"} for name in names} == {
        name: set() for name in names
    }
