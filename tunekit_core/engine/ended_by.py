"""Why an experiment ended that no criterion ended, for people."""

from __future__ import annotations

from tunekit_core.errors import TunekitError, text_of
from tunekit_core.known_secrets import redacted

BY_KEYBOARD = "interrupted from the keyboard"


def interruption_of(error: KeyboardInterrupt) -> str:
    """Why an experiment was interrupted: whoever raises the error for another reason than Ctrl-C says so in it."""
    return str(error) or BY_KEYBOARD


def reason_of(error: BaseException) -> str:
    """Why an experiment has failed: what tunekit raises on purpose needs no name of a class in front.

    It is shown, recorded and told to observers; so secrets in it are masked.
    """
    return redacted(str(error) if isinstance(error, TunekitError) else f"{type(error).__name__}: {text_of(error)}")
