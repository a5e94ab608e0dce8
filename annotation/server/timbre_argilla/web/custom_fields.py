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
const page = document.documentElement;
new ResizeObserver(() => parent.postMessage(page.offsetHeight, "*")).observe(page);
document.write(decodeURIComponent(location.hash.slice(1)));
</script>
"""
_FRAME = re.compile(r"attrs:\{srcdoc:(\w)\.template,")
# A new query loads the page again when only the fragment has changed.
_SANDBOX = rf'attrs:{{src:"{PATH}?"+Math.random()+"#"+encodeURIComponent(\1.content),'
_LOAD = "methods:{load:function load(){this.resize()}"
_LISTEN = (
    'mounted:function(){var t=this;addEventListener("message",function(e){var f=t.$refs.iframe;'
    f"f&&e.source===f.contentWindow&&(f.style.height=Math.min({MAX_HEIGHT},+e.data)+"
    '"px")})},methods:{load:function load(){}'
)


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

    Raises `ValueError` if the web UI has no such frames.
    """
    count = 0
    for script in statics.rglob("*.js"):
        text, frames = _FRAME.subn(_SANDBOX, script.read_text(encoding="utf-8"))
        if frames:
            if _LOAD not in text:
                raise ValueError(f"{script.name} resizes a custom field in an unknown way.")
            script.write_text(text.replace(_LOAD, _LISTEN), encoding="utf-8")
            count += frames
    if not count:
        raise ValueError("This web UI shows no custom fields in frames.")
