"""The house's bar on size: short files, short functions, few parameters."""

import ast
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[1]
PACKAGES = ("timbre", "studies", "pipelines", "annotation", "trainer", "evaluation", "db")
FILES = sorted(
    path
    for package in PACKAGES
    for path in (ROOT / package).rglob("*.py")
    if not {".venv", "versions"} & set(path.relative_to(ROOT).parts)
)
FUNCTIONS = [
    (f"{path.relative_to(ROOT)}:{node.lineno} {node.name}", node)
    for path in FILES
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
]


def lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def test_no_file_is_over_400_lines_and_half_are_within_150() -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in FILES}
    assert not {str(path): n for path, n in lengths.items() if n > 400}
    assert median(lengths.values()) <= 150


def test_no_function_is_over_60_lines_and_four_in_five_are_within_20() -> None:
    assert not [name for name, node in FUNCTIONS if lines(node) > 60]
    assert sum(lines(node) <= 20 for _, node in FUNCTIONS) >= 0.8 * len(FUNCTIONS)


def test_no_function_takes_more_than_five_parameters() -> None:
    def parameters(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
        arguments = [*node.args.args, *node.args.kwonlyargs]
        return len([a for a in arguments if a.arg not in {"self", "cls"}])

    # A command's parameters are its options: the words users type.
    library = [(name, node) for name, node in FUNCTIONS if not name.startswith("timbre/commands")]
    assert not [name for name, node in library if parameters(node) > 5]
