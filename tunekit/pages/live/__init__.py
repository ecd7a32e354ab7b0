"""The page that shows what runs: it asks where it comes from for what there is, and loads nothing else."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files

import attrs


@attrs.frozen
class LivePage:
    """The page.

    Attributes:
        html: The page, with its style and its script in it.
        policy: Its Content-Security-Policy: what it may do, which is to run this script, to have this style, and to ask
            where it comes from.
    """

    html: str
    policy: str


@cache
def live_page() -> LivePage:
    """The page, put together from the files beside this one."""
    style, script, html = (
        files(__name__).joinpath(name).read_text(encoding="utf-8") for name in ("live.css", "live.js", "live.html")
    )
    policy = (
        f"default-src 'none'; script-src '{_digest(script)}'; style-src '{_digest(style)}'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return LivePage(html.replace("STYLE", style).replace("SCRIPT", script), policy)


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
