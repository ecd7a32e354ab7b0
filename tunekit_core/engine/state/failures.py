"""What the trials that failed have in common."""

from __future__ import annotations

import re

from tunekit_core.contracts.view import Failure, Failures
from tunekit_core.error_lines import telling_lines
from tunekit_core.portable.printed_reports import WITHOUT_REPORT

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

    The first has the exit status, the last is that of the errors which tells what failed. Paths, and other numbers,
    differ between trials; and so does what one has printed that ended without a report.
    """
    first, *others = telling_lines(reason) or [""]
    last = others[-1] if others and not first.startswith(WITHOUT_REPORT) else first
    return _masked(first), _masked(last)


def _masked(line: str) -> str:
    return NUMBER.sub("N", ADDRESS.sub("N", PATH.sub("PATH", line.strip())))
