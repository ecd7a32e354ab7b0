"""Calls a contract test as pytest would, and says what came of it."""

import inspect
import time
from contextlib import ExitStack, contextmanager

import pytest

MEASURES_TIME = "the_cost_of_"  # in the name of a test: other work on the machine may hide a growth from it
ATTEMPTS = 3


def fixture(contract, name, *arguments):
    """What a fixture of a contract gives."""
    return getattr(type(contract), name).__wrapped__(contract, *arguments)


def call(contract, test, make, folder, **parameters):
    """Call a test of a contract for a component.

    Raises:
        AssertionError: If the component is caught.
    """
    method = getattr(contract, test)
    wanted = inspect.signature(method).parameters
    given = {"make": make, "tmp_path": folder, **parameters}
    with ExitStack() as stack:
        if "scheduler" in wanted:
            given["scheduler"] = fixture(contract, "scheduler", make)
        if "events" in wanted:
            given["events"] = fixture(contract, "events", folder / "events")
        for name in ("driven", "failing"):
            if name in wanted:
                given[name] = stack.enter_context(contextmanager(lambda name=name: fixture(contract, name, make))())
        method(**{name: given[name] for name in wanted})


def check_caught(contract, test, make, folder, rule, **parameters):
    """See that a broken component is caught by that test, in time, with a message that names the rule."""
    for attempt in range(ATTEMPTS):
        began = time.process_time()
        home = folder / f"again-{attempt}" if attempt else folder
        home.mkdir(exist_ok=True)
        try:
            with pytest.MonkeyPatch.context() as environment:
                environment.setenv("CI", "true")  # pytest explains a failed comparison at length there
                with pytest.raises(AssertionError) as caught:
                    call(contract, test, make, home, **parameters)
            break
        except pytest.fail.Exception:
            if MEASURES_TIME not in test or attempt == ATTEMPTS - 1:
                raise
    assert rule in str(caught.value)
    assert time.process_time() - began < 10
