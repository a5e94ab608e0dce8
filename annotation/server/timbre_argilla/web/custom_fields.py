"""Display custom fields, which are templates with scripts, in a sandbox.

Argilla displays a custom field in a frame with the origin of the web UI, so the field's scripts
could act with the reviewer's login. The sandbox is a frame without an origin. Scripts in the
sandbox can't read the surrounding page, its storage or its cookies, and can't send requests, except
for images.
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
    # Escaped, so that a text can't end the script that contains it.
    r"JSON\.stringify\(this\.sdkRecord\)": r'\g<0>.replace(/</g,"\\\\u003c")',
}
"""Changes to the web UI's scripts."""


def response() -> HTMLResponse:
    """Return the page in which a custom field is displayed."""
    return HTMLResponse(
        _PAGE,
        headers={
            "Content-Security-Policy": _POLICY,
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
        },
    )


def use_sandbox(statics: Path) -> None:
    """Change the web UI in the given folder so that it displays custom fields in the sandbox.

    Raises `ValueError` if the web UI isn't the expected version.
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
