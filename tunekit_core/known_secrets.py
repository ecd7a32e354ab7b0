"""The secrets that this process has come across: they are masked in whatever it tells people or writes down."""

from __future__ import annotations

from tunekit_core.secret_names import MASK, SHORTEST, mask_secrets

FROM_ENVIRONMENT = "${"  # begins what is read from elsewhere, and holds no secret itself

_known: dict[str, None] = {}


def keep_out_of_sight(text: str) -> None:
    """From now on :func:`redacted` masks this text."""
    if len(text) >= SHORTEST and not text.startswith(FROM_ENVIRONMENT) and text != MASK:
        _known[text] = None


def redacted(text: str) -> str:
    """A text without the secrets that this process has come across."""
    return mask_secrets(text, _known)
