"""What a function is made of, each part by a name: only so can a message say which of them was edited."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import attrs

from tunekit.functions.canonical.modules import files_of_module
from tunekit.functions.canonical.walk import Walk
from tunekit.sources import Source, Sources

_DIGITS = 16  # hexadecimal ones, as of files


@attrs.frozen
class Parts:
    """What a function is made of.

    Attributes:
        variables: What is in the function itself, by its name, and in each variable that it uses, in turn.
        files: Those of the local modules that it uses.
    """

    variables: dict[str, str]
    files: Sources

    @property
    def digests(self) -> dict[str, str]:
        """What is in each part, by its name."""
        return {**self.variables, **self.files.digests}


def parts_of_function(function: Callable[..., Any], name: str) -> Parts:
    """What a function is made of; of a variable that is in another one's value, only there.

    Args:
        function: One that has a digest.
        name: What the function itself is called.
    """
    files: dict[str, Source] = {}

    def keep(module: str, file: str) -> str:
        if module not in files:
            files.update(files_of_module(module, file))
        return ""  # what is in a module is no part of the variable that holds it

    variables: defaultdict[str, Any] = defaultdict(hashlib.sha256)
    for variable, piece in Walk(keep).pieces(function):
        # Which object it was that was met before depends on all that comes before.
        variables[variable or name].update(b"#" if isinstance(piece, int) else piece)
    digests = {each: content.hexdigest()[:_DIGITS] for each, content in variables.items()}
    return Parts(digests, Sources(tuple(files[module] for module in sorted(files))))
