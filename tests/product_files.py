"""The product's Python files: everything that is shipped, and the recipes."""

from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = (
    *("timbre", "studies", "pipelines", "annotation", "trainer", "evaluation", "db"),
    "recipes",
)
PRODUCT_FILES = sorted(
    path
    for package in PACKAGES
    for path in (ROOT / package).rglob("*.py")
    if not {".venv", "tests"} & set(path.relative_to(ROOT).parts)
)
