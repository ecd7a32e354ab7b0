"""The kinds of components, and what people call them."""

from __future__ import annotations

from difflib import get_close_matches

HOOKS = {
    "searcher": "tunekit_register_searchers",
    "scheduler": "tunekit_register_schedulers",
    "backend": "tunekit_register_backends",
    "benchmark": "tunekit_register_benchmarks",
    "stopping": "tunekit_register_stopping_criteria",
    "composer": "tunekit_register_composers",
    "observer": "tunekit_register_observers",
    "launcher": "tunekit_register_launchers",
}
CONTRACTS = {
    "searcher": "Searcher",
    "scheduler": "Scheduler",
    "backend": "Backend",
    "benchmark": "Benchmark",
    "stopping": "StoppingCriterion",
    "composer": "ResultComposer",
    "observer": "Observer",
    "launcher": "Launcher",
}
"""The class that components of each kind inherit from, as ``tunekit_core`` offers it."""
CALLED = {**{kind: kind for kind in HOOKS}, "criterion": "stopping"}
"""What people call each kind."""


def kind_meant(word: str) -> str | None:
    """The kind of component that a word comes close to, such as its plural; ``None`` if it comes close to none.

    >>> kind_meant("composers"), kind_meant("criteria"), kind_meant("color")
    ('composer', 'stopping', None)
    """
    close = get_close_matches(word.lower(), CALLED, n=1)
    return CALLED[close[0]] if close else None


def kind_suggestion(word: str) -> str:
    """The beginning of advice, for a message; empty if there is none."""
    meant = kind_meant(word)
    return "" if meant is None else f"Did you mean '{meant}'? "
