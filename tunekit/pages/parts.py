"""The files that pages are put together from, and what a page says about them to a browser."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from importlib.resources import files


def parts(names: Iterable[str]) -> str:
    """What is in some files of this package, one after the other."""
    return "".join(files("tunekit.pages").joinpath(name).read_text(encoding="utf-8") for name in names)


def policy_of(style: str, script: str, *allowed: str) -> str:
    """The Content-Security-Policy of a page: it runs this script, has this style, and may do nothing else.

    Args:
        style: The style that it has.
        script: The script that it runs.
        allowed: What else it may do, such as ``connect-src 'self'``.
    """
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src '{_hash(script)}'",
            f"style-src '{_hash(style)}'",
            *allowed,
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
