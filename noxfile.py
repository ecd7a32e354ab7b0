"""Everything that is checked before a change goes in. Type ``nox``, or ``nox -s tests`` for one of the sessions.

The sessions run in the environment that nox is called from (``pip install -r requirements-dev.txt``): making one for
each would download the same packages six times. Only ``wheels`` makes its own, since that is its point.
"""

import os
import sys
from pathlib import Path

import nox

os.environ["PATH"] = str(Path(sys.executable).parent) + os.pathsep + os.environ["PATH"]  # its programs come first
nox.options.default_venv_backend = "none"
nox.options.sessions = ["lint", "types", "tests", "wheels"]


@nox.session
def lint(session: nox.Session) -> None:
    """Style, formatting, and which package may import which."""
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("lint-imports")


@nox.session
def types(session: nox.Session) -> None:
    """Types: strict in the core, typed signatures elsewhere."""
    session.run("mypy")


@nox.session
def docs(session: nox.Session) -> None:
    """Writes the reference pages from the code; not part of a plain ``nox``, whose tests check that they are right."""
    session.run("python", "docs/generate.py", "--write")


@nox.session
def tests(session: nox.Session) -> None:
    """All tests but those of the wheels; arguments go to pytest, as in ``nox -s tests -- -k asha``."""
    session.run("pytest", *session.posargs)


@nox.session
def wheels(session: nox.Session) -> None:
    """Builds every wheel from its sdist, and tries them in a fresh environment outside the clone."""
    session.run("pytest", "tests/packaging/wheels.py", *session.posargs)


@nox.session
def performance(session: nox.Session) -> None:
    """Measures tunekit itself and prints a table; not part of a plain ``nox``."""
    session.run("python", "benchmarks/performance", *session.posargs)
