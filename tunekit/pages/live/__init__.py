"""The page that shows what runs: it asks where it comes from for what there is, and loads nothing else."""

from __future__ import annotations

from functools import cache

import attrs

from tunekit.pages.parts import parts, policy_of

STYLES = ("common.css", "live/live.css")
SCRIPTS = ("elements.js", "live/controls.js", "live/live.js")


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
    """The page, put together from files: what it shares with a report, and what is beside this one."""
    style, script = parts(STYLES), f"'use strict';\n{parts(SCRIPTS)}"
    policy = policy_of(style, script, "connect-src 'self'", "frame-ancestors 'none'")
    html = parts(["live/live.html"]).replace("{{style}}", style).replace("{{script}}", script)
    return LivePage(html, policy)
