"""Names in product code: nouns and verbs of the field, not bare participles or private words."""

import ast
from collections.abc import Iterator

from tests.product_files import PRODUCT_FILES, ROOT

PARTICIPLES = {
    *("found", "asked", "said", "told", "made", "kept", "wanted", "held", "given", "seen"),
    *("met", "handed", "lent", "taken", "heard", "written"),
}
REPLACED = {
    *("Told", "Aim", "Shelf", "Lent", "Handed", "Recorded", "Tuner", "Classroom", "Way", "Rung"),
    *("Refusal", "rehearsal", "longest_reply", "squares", "Square", "lending", "hosting"),
}
"""Names that house.md replaces with the field's terms."""


def bound_names(tree: ast.AST) -> Iterator[str]:
    """Every name that a file binds: variables, attributes, parameters, functions and classes."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.ClassDef(name=name) | ast.arg(arg=name) | ast.alias(asname=str(name)):
                yield name


NAMES = [
    (str(path.relative_to(ROOT)), name)
    for path in PRODUCT_FILES
    for name in bound_names(ast.parse(path.read_text(encoding="utf-8")))
]


def test_bare_participles_are_rare_as_names() -> None:
    participles = [(file, name) for file, name in NAMES if name.strip("_").lower() in PARTICIPLES]
    assert len(participles) <= 60, participles


def test_replaced_names_are_gone() -> None:
    assert not [(file, name) for file, name in NAMES if name.strip("_") in REPLACED]


def test_bound_names_cover_every_kind_of_binding() -> None:
    source = "import a as told\nasked = 1\nself.kept = 2\ndef said(found): ...\nclass Met: ..."
    names = {name.lower() for name in bound_names(ast.parse(source))}
    assert names == {"told", "asked", "kept", "said", "found", "met"}
