"""What a script imports to report, so that an image needs no tunekit with all that it requires."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

PACKAGE = "tunekit"
DOOR = b'from tunekit.reporter import Reporter\n\n__all__ = ["Reporter"]\n'


def reporter_files() -> dict[str, bytes]:
    """The package ``tunekit`` for scripts, as further files of a program: the Reporter and no more."""
    spec = find_spec(PACKAGE)
    assert spec is not None  # it is of the distribution that has the core
    assert spec.origin is not None
    reporter = Path(spec.origin).with_name("reporter.py").read_bytes()
    return {f"{PACKAGE}/__init__.py": DOOR, f"{PACKAGE}/reporter.py": reporter}
