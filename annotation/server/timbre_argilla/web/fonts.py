"""Serve the web UI's fonts from this server, because its pages load nothing from other sites."""

import re
import shutil
from pathlib import Path

import fontpkg_inter
import fontpkg_roboto_condensed

_IMPORT = re.compile(r"@import url\(https://fonts\.googleapis\.com/[^)]*\);?")
_FILES = {
    "Inter": fontpkg_inter.ROOT / "files" / "Inter[opsz,wght].ttf",
    "Roboto Condensed": fontpkg_roboto_condensed.ROOT / "files" / "RobotoCondensed[wght].ttf",
}
"""The file with all weights of each font family that the web UI uses."""


def use_local_fonts(statics: Path) -> None:
    """Copy the fonts to the web UI's folder, and let its style sheets load them from there.

    Raises `ValueError` if no style sheet imports fonts from Google, because the web UI then isn't
    the expected version.
    """
    sheets = {path: path.read_text(encoding="utf-8") for path in statics.rglob("*.css")}
    importing = {path: text for path, text in sheets.items() if _IMPORT.search(text)}
    if not importing:
        raise ValueError(
            "The web UI's style sheets don't import the expected fonts, so the fonts can't be "
            "replaced. Reinstall argilla-server with this package's constraints.txt."
        )
    faces = "".join(map(_font_face, _FILES))
    for path, text in importing.items():
        path.write_text(faces + _IMPORT.sub("", text), encoding="utf-8")
    for family, file in _FILES.items():
        shutil.copy(file, statics / "fonts" / _name(family))


def _font_face(family: str) -> str:
    return (
        f'@font-face{{font-family:"{family}";font-weight:100 900;font-display:swap;'
        f'src:url("../fonts/{_name(family)}") format("truetype")}}'
    )


def _name(family: str) -> str:
    return f"{family.replace(' ', '')}.ttf"
