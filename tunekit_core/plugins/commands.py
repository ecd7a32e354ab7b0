"""Commands of plugins, which stand beside the runs of the command line."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import attrs

COMMAND_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


@attrs.frozen
class Command:
    """What ``python -m tunekit NAME`` does.

    Attributes:
        name: What is typed: lower-case letters, digits and single hyphens.
        help: One line for the help page.
        run: Called with what is typed after the name; returns the exit status. It answers ``--help`` itself, and
            imports what it needs when it is called. A :class:`~tunekit_core.TunekitError` is printed, with status 2.
    """

    name: str
    help: str
    run: Callable[[Sequence[str]], int]
