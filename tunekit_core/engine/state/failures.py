"""What the trials that failed have in common."""

from __future__ import annotations

import re

from tunekit_core.contracts.view import Failure, Failures

PATH = re.compile(r"\S*[/\\]\S*")
ADDRESS = re.compile(r"0x[0-9a-fA-F]+")
NUMBER = re.compile(r"(?<!exit status )(?<!exit code )[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")


def with_one_more(failures: Failures, failure: Failure, reached: int) -> Failures:
    """The failures once another trial has failed.

    Args:
        failures: Those before.
        failure: The new one.
        reached: The last resource that its trial had reported, or 0.
    """
    are_alike = failures.n_alike == failures.n and (
        failures.first is None or likeness(failures.first.reason) == likeness(failure.reason)
    )
    return Failures(
        n=failures.n + 1,
        first=failures.first or failure,
        n_alike=failures.n_alike + are_alike,
        furthest=max(failures.furthest, reached),
    )


def likeness(reason: str) -> tuple[str, str]:
    """What two trials share that failed in the same way: the first line of the reason, and the last.

    The first has the exit status, the last is that of the errors. Paths, and other numbers, differ between trials.
    """
    lines = [line for line in reason.splitlines() if line.strip()] or [""]
    return _masked(lines[0]), _masked(lines[-1])


def _masked(line: str) -> str:
    return NUMBER.sub("N", ADDRESS.sub("N", PATH.sub("PATH", line.strip())))
