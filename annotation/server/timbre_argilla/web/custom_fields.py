"""A sandbox for custom fields, which are templates with scripts.

Argilla shows them in a frame of its own origin, so their scripts could use the reviewer's login.
Here, the frame is a page that may run any script but has no origin: it can't read the page around
it, storage or cookies, and its policy keeps it from sending requests, except for images.
"""

import re
from pathlib import Path

from starlette.responses import HTMLResponse

PATH = "/custom-field"
MAX_HEIGHT = 5000

_POLICY = (
    "sandbox allow-scripts; default-src 'none'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: https:; font-src 'self' data:; "
    "frame-ancestors 'self'"
)
# The content comes in the URL's fragment, which browsers don't send.
_PAGE = """<!doctype html>
<body><script>
{
  const page = document.documentElement;
  new ResizeObserver(() => parent.postMessage(page.offsetHeight, "*")).observe(page);
  document.write(decodeURIComponent(location.hash.slice(1)));
}
</script>
"""
_CHANGES = {
    # A new query loads the page again when only the fragment has changed.
    r"attrs:\{srcdoc:(\w)\.template,": (
        rf'attrs:{{src:"{PATH}?"+Math.random()+"#"+encodeURIComponent(\1.content),'
    ),
    r"methods:\{load:function load\(\)\{this\.resize\(\)\}": (
        'mounted:function(){var t=this;addEventListener("message",function(e){var f=t.$refs.iframe;'
        f"f&&e.source===f.contentWindow&&(f.style.height=Math.min({MAX_HEIGHT},+e.data)+"
        '"px")})},methods:{load:function load(){}'
    ),
    # So that a text can't end the script that contains it.
    r"JSON\.stringify\(this\.sdkRecord\)": r'\g<0>.replace(/</g,"\\\\u003c")',
}
"""Changes to the web UI's scripts."""


def response() -> HTMLResponse:
    """The page that shows a custom field."""
    return HTMLResponse(
        _PAGE,
        headers={
            "Content-Security-Policy": _POLICY,
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
        },
    )


def use_sandbox(statics: Path) -> None:
    """Let the web UI in this folder show custom fields in the sandbox.

    Raises `ValueError` if the web UI isn't the one that this expects.
    """
    scripts = {path: path.read_text(encoding="utf-8") for path in statics.rglob("*.js")}
    for pattern, replacement in _CHANGES.items():
        if not any(re.search(pattern, text) for text in scripts.values()):
            raise ValueError(
                f"The web UI's scripts don't contain {pattern!r}, so custom fields can't run. "
                "Reinstall argilla-server with this package's constraints.txt."
            )
        scripts = {path: re.sub(pattern, replacement, text) for path, text in scripts.items()}
    for path, text in scripts.items():
        path.write_text(text, encoding="utf-8")
