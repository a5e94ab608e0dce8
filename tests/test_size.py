"""Limits on size: short files, short functions, few parameters, small folders."""

import ast
from collections import Counter
from statistics import median

from tests.product_files import PRODUCT_FILES, ROOT

FILES = [path for path in PRODUCT_FILES if "migrations" not in path.parts]
FUNCTIONS = [
    (f"{path.relative_to(ROOT)}:{node.lineno} {node.name}", node)
    for path in FILES
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
]


def lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def test_files_are_short() -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in FILES}
    assert not {str(path): n for path, n in lengths.items() if n > 400}
    assert median(lengths.values()) <= 150


def test_functions_are_short() -> None:
    assert not [name for name, node in FUNCTIONS if lines(node) > 60]
    assert sum(lines(node) <= 20 for _, node in FUNCTIONS) >= 0.8 * len(FUNCTIONS)


def test_functions_take_few_parameters() -> None:
    def parameters(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
        arguments = [*node.args.args, *node.args.kwonlyargs]
        return len([a for a in arguments if a.arg not in {"self", "cls"}])

    # A command's parameters are its options.
    library = [(name, node) for name, node in FUNCTIONS if not name.startswith("timbre/commands")]
    assert not [name for name, node in library if parameters(node) > 5]


def test_folders_hold_few_files() -> None:
    counts = Counter(path.parent for path in FILES if path.name != "__init__.py")
    larger = {str(folder.relative_to(ROOT)): n for folder, n in counts.items() if n > 15}
    assert larger.keys() <= {"timbre/commands"}, larger  # one file per command


def test_timbre_has_few_modules_outside_its_folders() -> None:
    assert len(list((ROOT / "timbre").glob("*.py"))) <= 12


def test_init_files_hold_only_a_docstring() -> None:
    for path in FILES:
        if path.name == "__init__.py":
            (docstring,) = ast.parse(path.read_text(encoding="utf-8")).body
            assert isinstance(docstring, ast.Expr), path
